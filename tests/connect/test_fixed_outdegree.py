"""Fixed out-degree: exact numbers, distinct targets, uniformity."""

import numpy as np
import pytest
from scipy.stats import chisquare

from snnrun import random
from snnrun.connect._base import Layer
from tests.contracts import ConnectContract


class TestFixedOutdegree(ConnectContract):
    kind = "fixed_outdegree"

    def cases(self):
        strict = self.part(allow_autapses=False, allow_multapses=False)
        return [self.part(), self.part(k=None, p=0.13), strict, strict.replace(k=0)]

    def targets(self, k, n, same=True, seed=1, **changes):
        rule = self.part(k=k, **changes)
        contacts = self.draw(rule, n, n, same, seed)
        assert set(np.diff(contacts.start)) == {k}
        return contacts.target.reshape(n, k)

    @pytest.mark.parametrize(("p", "k"), [(0.13, 52), (0.1301, 53), (1.0, 400), (0.0, 0)])
    def test_p_is_a_share_of_the_target_rounded_up(self, p, k):
        contacts = self.draw(self.part(k=None, p=p), 100, 400)
        assert set(np.diff(contacts.start)) == {k}

    @pytest.mark.parametrize("k", [1, 20, 49, 50, 51, 90, 98, 99])
    @pytest.mark.parametrize("autapses", [False, True])
    def test_distinct_without_multapses(self, k, autapses):
        target = self.targets(k, 100, allow_multapses=False, allow_autapses=autapses)
        assert all(np.unique(row).size == k for row in target)
        if not autapses:
            assert not (target == np.arange(100)[:, None]).any()

    def test_all_of_the_others(self):
        target = self.targets(99, 100, allow_multapses=False, allow_autapses=False)
        expected = [np.delete(np.arange(100), i) for i in range(100)]
        assert np.array_equal(np.sort(target, axis=1), expected)

    def test_multapses_and_autapses_occur_as_often_as_chance_has_it(self):
        target = self.targets(100, 400)
        own = (target == np.arange(400)[:, None]).sum()
        assert own == pytest.approx(100, abs=50)  # Poisson: 5 SD
        distinct = np.mean([np.unique(row).size for row in target])
        # 400 (1 - (1 - 1/400)^100) = 88.6; SD of the mean of 400 rows is 0.15
        assert distinct == pytest.approx(400 * (1 - (1 - 1 / 400) ** 100), abs=0.75)

    @pytest.mark.parametrize("k", [30, 70])
    @pytest.mark.parametrize("multapses", [False, True])
    def test_uniform(self, k, multapses):
        target = self.targets(k, 100, same=False, allow_multapses=multapses)
        count = np.bincount(target.ravel(), minlength=100)
        share = 1.0 if multapses else 1 - k / 100  # distinct targets spread less
        statistic = chisquare(count).statistic / share
        assert statistic == pytest.approx(99, abs=4 * np.sqrt(2 * 99))

    def test_uniform_over_the_others(self):
        target = self.targets(40, 100, allow_multapses=False, allow_autapses=False)
        count = np.bincount(target.ravel(), minlength=100)
        statistic = chisquare(count).statistic / (1 - 40 / 99)
        assert statistic == pytest.approx(99, abs=4 * np.sqrt(2 * 99))

    def test_more_distinct_targets_than_there_are_is_an_error(self):
        rule = self.part(k=101, allow_multapses=False)
        rng = random.generator(1, "EE", "contacts")
        with pytest.raises(ValueError, match="101 different neurons out of 100"):
            rule.draw(Layer(5), Layer(100), False, rng)

    def test_either_p_or_k(self):
        assert self.part(p=0.1).check(0.1) == ["p: give either p or k"]
        assert self.part(k=None).check(0.1) == ["p: give either p or k"]
