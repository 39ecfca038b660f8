"""Two objectives of ADBench (Srajer, Kukelova & Fitzgibbon, 2018), written PyTorch-style from its published formulas.

The Gaussian mixture: the log-posterior of n points under k Gaussians whose inverse covariance factors are given by
their diagonal's logarithm and lower triangle, with a Wishart prior; its gradient by weights, means and factors. Bundle
adjustment: the reprojection error of a point in a camera with radial distortion, Rodrigues' rotation; its Jacobian.
"""

from __future__ import annotations

import math

import numpy as np


def gmm(d, k, n):
    """A maker of the step that gives value and gradient of the mixture's objective."""
    rng = np.random.default_rng(3)
    data = [rng.normal(size=s) for s in ((k,), (k, d), (k, d * (d + 1) // 2), (n, d))]
    rows, columns = np.tril_indices(d, -1)
    gamma, m = 1.0, 0

    def make(torch):
        alphas, means, icf = (torch.from_numpy(a.copy()).requires_grad_() for a in data[:3])
        x = torch.from_numpy(data[3].copy())
        place = torch.from_numpy(rows * d + columns)
        n_wishart = d + m + 1
        constant = n_wishart * d * (math.log(gamma) - 0.5 * math.log(2)) - _log_gamma(
            0.5 * n_wishart, d
        )

        def objective():
            diagonal, lower = torch.exp(icf[:, :d]), icf[:, d:]
            sums = icf[:, :d].sum(1)
            factors = (
                torch.zeros(k, d * d, dtype=torch.float64)
                .index_copy(1, place, lower)
                .reshape(k, d, d)
            )
            centred = x[:, None, :] - means[None]
            scaled = diagonal * centred + torch.einsum("kij,nkj->nki", factors, centred)
            inner = alphas + sums - 0.5 * (scaled * scaled).sum(2)
            value = (
                -n * d * 0.5 * math.log(2 * math.pi)
                + torch.logsumexp(inner, 1).sum()
                - n * torch.logsumexp(alphas, 0)
            )
            prior = (
                0.5 * gamma**2 * ((diagonal**2).sum() + (lower**2).sum())
                - m * sums.sum()
                - k * constant
            )
            return value + prior

        def step():
            alphas.grad = means.grad = icf.grad = None
            out = objective()
            out.backward()
            return out

        return step

    return make


def _log_gamma(a, p):
    """The logarithm of the multivariate gamma function."""
    return 0.25 * p * (p - 1) * math.log(math.pi) + sum(
        math.lgamma(a + 0.5 * (1 - j)) for j in range(1, p + 1)
    )


def reprojection(torch, camera, point, weight, feature):
    """The weighted reprojection error: camera is (rotation 3, centre 3, focal 1, principal point 2, distortion 2)."""
    rotation, centre, focal = camera[:3], camera[3:6], camera[6]
    x = point - centre
    square = (rotation * rotation).sum()
    angle = torch.sqrt(square)
    axis = rotation / angle
    cosine, sine = torch.cos(angle), torch.sin(angle)
    turned = (
        x * cosine + torch.linalg.cross(axis, x) * sine + axis * (axis * x).sum() * (1 - cosine)
    )
    flat = turned[:2] / turned[2]
    r2 = (flat * flat).sum()
    distorted = flat * (1 + camera[9] * r2 + camera[10] * r2 * r2)
    return weight * (distorted * focal + camera[7:9] - feature)


def bundle(n, compiled=True):
    """Makers of the step that gives the Jacobian's blocks of n observations, each by two backward passes."""
    rng = np.random.default_rng(4)
    cameras, points = rng.normal(size=(10, 11)), rng.normal(size=(50, 3)) + np.array([0, 0, 5.0])
    weights, features = rng.uniform(0.5, 1.5, n), rng.normal(size=(n, 2))
    which, where = rng.integers(0, 10, n), rng.integers(0, 50, n)

    def make(torch, decorate):
        def blocks(camera, point, weight, feature):
            camera, point, weight = (t.detach().requires_grad_() for t in (camera, point, weight))
            error = reprojection(torch, camera, point, weight, feature)
            rows = []
            for i in range(2):
                rows.append(
                    torch.cat(
                        [
                            g.reshape(-1)
                            for g in torch.autograd.grad(
                                error[i], (camera, point, weight), retain_graph=True
                            )
                        ]
                    )
                )
            return torch.stack(rows)

        function = decorate(blocks)
        c, p, w, f = (torch.from_numpy(a) for a in (cameras, points, weights, features))
        given = [
            (c[i].clone(), p[j].clone(), w[o].clone(), f[o].clone())
            for o, (i, j) in enumerate(zip(which, where, strict=True))
        ]
        return lambda: [function(*g) for g in given]

    def dualtape():
        import dualtape.torch as torch

        return make(torch, torch.compile if compiled else lambda f: f)

    def torch_():
        import torch

        torch.set_num_threads(1)
        return make(torch, lambda f: f)

    return {"dualtape": dualtape, "torch": torch_}
