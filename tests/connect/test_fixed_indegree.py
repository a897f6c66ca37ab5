"""Fixed in-degree: exact numbers, distinct sources, uniformity."""

import numpy as np
import pytest
from scipy.stats import chisquare

from snnrun import random
from snnrun.connect._base import Layer
from tests.contracts import ConnectContract


class TestFixedIndegree(ConnectContract):
    kind = "fixed_indegree"

    def cases(self):
        strict = self.part(k=60, allow_autapses=False, allow_multapses=False)
        return [self.part(), self.part(k=None, p=0.13), strict, strict.replace(k=0)]

    def sources(self, k, pre, post, same=False, seed=1, **changes):
        """Return the sources of each target, sorted, `[post, k]`."""
        contacts = self.draw(self.part(k=k, **changes), pre, post, same, seed)
        assert set(np.bincount(contacts.target, minlength=post)) == {k}
        source = np.repeat(np.arange(pre), np.diff(contacts.start))
        return source[np.argsort(contacts.target, kind="stable")].reshape(post, k)

    @pytest.mark.parametrize(("p", "k"), [(0.13, 52), (0.1301, 53), (1.0, 400), (0.0, 0)])
    def test_p_is_a_share_of_the_source_rounded_up(self, p, k):
        contacts = self.draw(self.part(k=None, p=p), 400, 100)
        assert set(np.bincount(contacts.target, minlength=100)) == {k}

    def test_targets_of_a_source_are_sorted(self):
        contacts = self.draw(self.part(), 100, 625)
        rows = np.split(contacts.target, contacts.start[1:-1])
        assert max(map(len, rows)) > 500
        assert all((np.diff(row) >= 0).all() for row in rows)

    def test_more_pairs_than_32_bits(self):
        contacts = self.rule_between(3_000_000, 2_000, k=2)
        assert contacts.start[-1] == 4_000
        assert set(np.bincount(contacts.target, minlength=2_000)) == {2}
        source = np.flatnonzero(np.diff(contacts.start))
        assert source.max() > 2_900_000

    def rule_between(self, pre, post, k):
        rng = random.generator(1, "EE", "contacts")
        return self.part(k=k).draw(Layer(pre), Layer(post), False, rng)

    @pytest.mark.parametrize("k", [1, 20, 50, 51, 99])
    @pytest.mark.parametrize("autapses", [False, True])
    def test_distinct_without_multapses(self, k, autapses):
        rules = {"allow_multapses": False, "allow_autapses": autapses}
        source = self.sources(k, 100, 100, same=True, **rules)
        assert (np.diff(source, axis=1) > 0).all()
        assert autapses or not (source == np.arange(100)[:, None]).any()

    def test_all_of_the_others(self):
        rules = {"allow_multapses": False, "allow_autapses": False}
        source = self.sources(99, 100, 100, same=True, **rules)
        assert np.array_equal(source, [np.delete(np.arange(100), i) for i in range(100)])

    def test_multapses_and_autapses_occur_as_often_as_chance_has_it(self):
        source = self.sources(100, 400, 400, same=True)
        own = (source == np.arange(400)[:, None]).sum()
        assert own == pytest.approx(100, abs=50)  # Poisson: 5 SD
        different = np.mean([np.unique(row).size for row in source])
        assert different == pytest.approx(400 * (1 - (1 - 1 / 400) ** 100), abs=0.75)  # 5 SD

    @pytest.mark.parametrize("k", [30, 70])
    @pytest.mark.parametrize("multapses", [False, True])
    def test_uniform(self, k, multapses):
        source = self.sources(k, 100, 225, allow_multapses=multapses)
        count = np.bincount(source.ravel(), minlength=100)
        share = 1.0 if multapses else 1 - k / 100  # distinct sources spread less
        statistic = chisquare(count).statistic / share
        assert statistic == pytest.approx(99, abs=4 * np.sqrt(2 * 99))

    def test_more_sources_than_there_are_is_a_misfit(self):
        rule = self.part(k=100, allow_multapses=False)
        assert rule.misfit(Layer(100), Layer(5), True) is None
        found = rule.replace(allow_autapses=False).misfit(Layer(100), Layer(100), True)
        assert found == "100 sources for each target, but there are only 99"
        assert rule.replace(allow_autapses=False).misfit(Layer(100), Layer(5), False) is None
        assert self.part(k=101).misfit(Layer(100), Layer(5), False) is None
        alone = self.part(k=1, allow_autapses=False).misfit(Layer(1), Layer(1), True)
        assert alone == "1 sources for each target, but there are only 0"

    def test_either_p_or_k(self):
        assert self.part(p=0.1).check(0.1) == ["p: give either p or k"]
        assert self.part(k=None).check(0.1) == ["p: give either p or k"]
        assert self.part(k=None, p=0.1).check(0.1) == []
