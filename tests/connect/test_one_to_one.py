"""One to one: equal numbers only."""

import numpy as np
import pytest

from snnrun import random
from snnrun.connect._base import Layer
from tests.connect.test_pairwise_bernoulli import pairs
from tests.contracts import ConnectContract


class TestOneToOne(ConnectContract):
    kind = "one_to_one"
    shapes = [(400, 400, True), (225, 225, False)]  # noqa: RUF012
    drawn = False

    @pytest.mark.parametrize("same", [False, True])
    def test_same_number(self, same):
        contacts = self.draw(self.part(), 9, 9, same)
        assert np.array_equal(pairs(contacts), np.stack([np.arange(9)] * 2, axis=1))

    def test_unequal_sizes_are_a_misfit(self):
        found = self.part().misfit(Layer(9), Layer(8), False)
        assert found == "9 sources and 8 targets; one_to_one needs equal numbers"
        with pytest.raises(ValueError, match="9 sources one to one with 8 targets"):
            self.part().draw(Layer(9), Layer(8), False, random.generator(1, "EE", "contacts"))
