"""Gaussian out-degree: published numbers of contacts, spatial profile, torus."""

import numpy as np
import pytest
from scipy.stats import chisquare, norm

from snnrun.graph import grid
from tests.contracts import ConnectContract

EXC, INH, INPUT = 2500, 625, 2500  # sizes of the spatial balanced network


class TestGaussianOutdegree(ConnectContract):
    kind = "gaussian_outdegree"

    def cases(self):
        return [
            self.part(),
            self.part(p=None, k=7),
            self.part(p=1.5, sigma=3.0),
            self.part(p=0.0),
            self.part(sigma=0.0),
        ]

    @pytest.mark.parametrize(
        ("pre", "post", "p", "degree"),
        [
            (EXC, EXC, 0.15, 375),
            (EXC, INH, 0.45, 282),
            (INH, EXC, 0.60, 1500),
            (INH, INH, 0.60, 375),
            (INPUT, EXC, 0.10, 250),
            (INPUT, INH, 0.05, 32),
        ],
    )
    def test_contacts_of_a_cell_of_the_spatial_balanced_network(self, pre, post, p, degree):
        contacts = self.draw(self.part(p=p), pre, post)
        assert set(np.diff(contacts.start)) == {degree}

    def test_recurrent_contacts_of_the_spatial_balanced_network(self):
        rules = [(EXC, EXC, 0.15), (EXC, INH, 0.45), (INH, EXC, 0.60), (INH, INH, 0.60)]
        total = sum(self.draw(self.part(p=p), pre, post).target.size for pre, post, p in rules)
        assert total == 2_814_375

    def offsets(self, rule, pre, post):
        """Return target minus source position, `[S, 2]`, on the torus."""
        contacts = self.draw(rule, pre, post)
        source = np.repeat(np.arange(pre), np.diff(contacts.start))
        apart = grid(post)[contacts.target] - grid(pre)[source]
        return (apart + 0.5) % 1 - 0.5

    @pytest.mark.parametrize(("pre", "post"), [(2500, 2500), (2500, 625), (625, 2500)])
    @pytest.mark.parametrize("sigma", [0.05, 0.1])
    def test_profile(self, pre, post, sigma):
        offsets = self.offsets(self.part(sigma=sigma, p=None, k=200), pre, post)
        n = len(offsets)
        # rounding to the grid adds the variance of a uniform number as wide as a cell
        sd = np.sqrt(sigma**2 + 1 / post / 12)
        np.testing.assert_allclose(offsets.std(axis=0), sd, rtol=5 / np.sqrt(2 * n))
        np.testing.assert_allclose(offsets.mean(axis=0), 0, atol=5 * sd / np.sqrt(n))
        assert abs(np.corrcoef(offsets.T)[0, 1]) < 5 / np.sqrt(n)

    def test_targets_lie_around_each_source(self):
        # on the torus the circular mean of the targets is the source, for corner cells too
        contacts = self.draw(self.part(sigma=0.05, p=None, k=400), 625, 2500)
        turns = np.exp(2j * np.pi * grid(2500)[contacts.target].reshape(625, 400, 2))
        apart = np.angle(turns.mean(axis=1) * np.exp(-2j * np.pi * grid(625))) / (2 * np.pi)
        assert np.abs(apart).max() < 5 * 0.052 / np.sqrt(400)

    def test_no_width_hits_the_nearest_cell(self):
        contacts = self.draw(self.part(sigma=0.0, p=None, k=2), 400, 400)
        assert np.array_equal(contacts.target.reshape(400, 2), np.arange(400)[:, None] + [0, 0])

    def test_wraps_around(self):
        contacts = self.draw(self.part(sigma=0.1, p=None, k=1000), 400, 400)
        x, y = grid(400)[contacts.target[:1000]].T  # the source in the corner (1/20, 1/20)
        far = ((x > 0.5).mean(), (y > 0.5).mean())
        np.testing.assert_allclose(far, norm.cdf(-0.25), atol=5 * 0.5 / np.sqrt(1000))

    def test_contacts_with_itself_and_several_of_a_pair(self):
        contacts = self.draw(self.part(sigma=0.1, p=0.15), 2500, 2500, same=True)
        target = contacts.target.reshape(2500, 375)
        own = (target == np.arange(2500)[:, None]).sum()
        cell = 2 * norm.cdf(0.01 / 0.1) - 1  # half a cell is 1/100 of the side
        expected = target.size * cell**2
        assert own == pytest.approx(expected, abs=5 * np.sqrt(expected))
        assert np.unique(target[0]).size < 375

    @pytest.mark.parametrize("sigma", [20.0, 1e6])
    def test_huge_width_is_uniform(self, sigma):
        contacts = self.draw(self.part(sigma=sigma, p=None, k=200), 400, 625)
        count = np.bincount(contacts.target, minlength=625)
        assert chisquare(count).pvalue > 1e-3
        assert chisquare(np.bincount(contacts.target[:200] // 25, minlength=25)).pvalue > 1e-3

    def test_either_p_or_k(self):
        assert self.part(k=3).check(0.1) == ["p: give either p or k"]
        assert self.part(p=None).check(0.1) == ["p: give either p or k"]
        assert self.part(p=None, k=3).check(0.1) == []
