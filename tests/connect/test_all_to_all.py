"""All to all: every pair, once."""

import numpy as np
import pytest

from tests.connect.test_pairwise_bernoulli import pairs
from tests.contracts import ConnectContract


class TestAllToAll(ConnectContract):
    kind = "all_to_all"
    drawn = False

    def cases(self):
        return [self.part(), self.part(allow_autapses=False)]

    @pytest.mark.parametrize("allow", [False, True])
    def test_two_populations(self, allow):
        contacts = self.draw(self.part(allow_autapses=allow), 25, 36)
        assert np.array_equal(pairs(contacts), np.argwhere(np.ones((25, 36))))

    def test_one_population(self):
        everyone = pairs(self.draw(self.part(), 25, 25, same=True))
        assert np.array_equal(everyone, np.argwhere(np.ones((25, 25))))
        others = pairs(self.draw(self.part(allow_autapses=False), 25, 25, same=True))
        assert np.array_equal(others, np.argwhere(~np.eye(25, dtype=bool)))

    def test_a_neuron_alone_without_autapses(self):
        contacts = self.draw(self.part(allow_autapses=False), 1, 1, same=True)
        assert contacts.start.tolist() == [0, 0]
