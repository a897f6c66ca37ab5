"""Fixed total number: exact total, binomial degrees, uniform pairs."""

import numpy as np
import pytest
from scipy.stats import chisquare

from snnrun.connect._base import Layer
from tests.connect.test_pairwise_bernoulli import binomial_p_value, pairs
from tests.contracts import ConnectContract


class TestFixedTotalNumber(ConnectContract):
    kind = "fixed_total_number"

    def cases(self):
        none = self.part(n=0)
        return [self.part(), self.part(n=None, p=0.3), self.part(allow_autapses=False), none]

    @pytest.mark.parametrize("n", [0, 1, 12345, 200_000])
    def test_total(self, n):
        assert self.draw(self.part(n=n), 100, 400).target.size == n

    @pytest.mark.parametrize(("p", "n"), [(0.1, 6250), (1.0, 62500), (1e-5, 1), (2.0, 125000)])
    def test_p_is_a_share_of_all_pairs(self, p, n):
        assert self.draw(self.part(n=None, p=p), 100, 625).target.size == n

    def test_degrees_are_binomial(self):
        contacts = self.draw(self.part(n=90_000), 900, 1600)
        in_degree = np.bincount(contacts.target, minlength=1600)
        assert binomial_p_value(np.diff(contacts.start), 90_000, 1 / 900) > 1e-3
        assert binomial_p_value(in_degree, 90_000, 1 / 1600) > 1e-3

    @pytest.mark.parametrize("same", [False, True])
    def test_all_pairs_are_alike(self, same):
        contacts = self.draw(self.part(n=40_000, allow_autapses=False), 25, 25, same)
        source, target = pairs(contacts).T
        count = np.bincount(source * 25 + target, minlength=625)
        own = np.arange(25) * 26
        assert (count[own].sum() == 0) == same
        assert chisquare(np.delete(count, own) if same else count).pvalue > 1e-3

    def test_no_pair_is_a_misfit(self):
        rule = self.part(n=5, allow_autapses=False)
        found = rule.misfit(Layer(1), Layer(1), True)
        assert found == "5 contacts between pairs, but there are only 0"
        assert rule.replace(n=0).misfit(Layer(1), Layer(1), True) is None
        assert rule.misfit(Layer(1), Layer(1), False) is None

    def test_either_p_or_n(self):
        assert self.part(p=0.1).check(0.1) == ["p: give either p or n"]
        assert self.part(n=None).check(0.1) == ["p: give either p or n"]
        assert self.part(n=None, p=0.1).check(0.1) == []
