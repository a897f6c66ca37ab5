"""Pairwise Bernoulli: binomial degrees, no duplicates."""

import numpy as np
import pytest
from scipy.stats import binom, chisquare

from tests.contracts import ConnectContract


def pairs(contacts):
    """Return `[S, 2]`: source and target."""
    source = np.repeat(np.arange(contacts.start.size - 1), np.diff(contacts.start))
    return np.stack([source, contacts.target], axis=1)


def binomial_p_value(degrees, n, p):
    """Return the p-value of degrees under a binomial, in ten bins of similar weight."""
    edges = np.unique(binom.ppf(np.linspace(0, 1, 11)[1:-1], n, p))
    expected = np.diff([0, *binom.cdf(edges, n, p), 1]) * degrees.size
    observed = np.bincount(np.searchsorted(edges, degrees), minlength=expected.size)
    return chisquare(observed, expected).pvalue


class TestPairwiseBernoulli(ConnectContract):
    kind = "pairwise_bernoulli"

    def cases(self):
        numbers = (0.0, 1e-300, 1e-4, 0.03, 0.5, 0.97, 1.0)
        free = [self.part(p=p) for p in numbers]
        return [self.part(), *free, *(rule.replace(allow_autapses=False) for rule in free)]

    @pytest.mark.parametrize("p", [0.02, 0.3, 0.9])
    def test_degrees_are_binomial(self, p):
        contacts = self.draw(self.part(p=p), 900, 1600)
        in_degree = np.bincount(contacts.target, minlength=1600)
        assert binomial_p_value(np.diff(contacts.start), 1600, p) > 1e-3
        assert binomial_p_value(in_degree, 900, p) > 1e-3

    def test_targets_are_uniform(self):
        contacts = self.draw(self.part(p=0.1), 900, 400)
        # in-degrees are binomial: their chi-square is smaller by 1 - p
        count = np.bincount(contacts.target, minlength=400)
        statistic = chisquare(count).statistic / 0.9
        assert statistic == pytest.approx(399, abs=4 * np.sqrt(2 * 399))

    @pytest.mark.parametrize("p", [0.1, 0.9, 1.0])
    @pytest.mark.parametrize("allow", [False, True])
    def test_autapses_and_duplicates(self, p, allow):
        rule = self.part(p=p, allow_autapses=allow)
        found = pairs(self.draw(rule, 100, 100, same=True))
        assert len(np.unique(found, axis=0)) == len(found)
        assert (found[:, 0] == found[:, 1]).any() == allow
        other = pairs(self.draw(rule, 100, 100, same=False))
        assert (other[:, 0] == other[:, 1]).any()  # two populations have no autapses

    def test_no_pair_and_every_pair(self):
        assert self.draw(self.part(p=0.0), 100, 100).target.size == 0
        everything = pairs(self.draw(self.part(p=1.0), 25, 36))
        assert np.array_equal(everything, np.argwhere(np.ones((25, 36))))
        others = pairs(self.draw(self.part(p=1.0, allow_autapses=False), 25, 25, same=True))
        assert np.array_equal(others, np.argwhere(~np.eye(25, dtype=bool)))

    def test_a_neuron_alone_without_autapses(self):
        contacts = self.draw(self.part(p=0.5, allow_autapses=False), 1, 1, same=True)
        assert contacts.start.tolist() == [0, 0]

    def test_pairs_are_independent(self):
        # mean number of contacts two sources share: n p^2
        contacts = self.draw(self.part(p=0.2), 400, 400)
        there = np.zeros((400, 400))
        there[tuple(pairs(contacts).T)] = 1
        shared = (there @ there.T)[np.triu_indices(400, 1)]
        assert shared.mean() == pytest.approx(16, abs=0.15)  # SE: 2 p n sqrt(p (1-p)) / 400 = 0.03
        assert shared.var() == pytest.approx(400 * 0.04 * 0.96, rel=0.05)
