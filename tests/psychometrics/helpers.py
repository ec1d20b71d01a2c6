"""Known data, simulated data, and plain matrix-based reference implementations."""

import numpy as np

LSAT6_PATTERNS = [
    *(3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15),
    *(10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28, 298),
]


def lsat6() -> np.ndarray:
    """The 1000 × 5 matrix: patterns 00000…11111."""
    patterns = [[int(c) for c in format(i, "05b")] for i in range(32)]
    return np.repeat(patterns, LSAT6_PATTERNS, axis=0)


def simulate(rng, theta, steps) -> np.ndarray:
    """Partial credit responses; `steps` is a list of step difficulties per item (one step: 0/1)."""
    columns = []
    for own in steps:
        scores = np.arange(len(own) + 1)
        exponent = np.outer(theta, scores) - np.r_[0, np.cumsum(own)]
        p = np.exp(exponent - exponent.max(axis=1, keepdims=True))
        upto = np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1)
        columns.append((rng.random(len(theta))[:, None] > upto[:, :-1]).sum(axis=1))
    return np.column_stack(columns)


def simulate_01(rng, theta, difficulty) -> np.ndarray:
    return (rng.random((len(theta), len(difficulty))) < 1 / (1 + np.exp(difficulty - theta[:, None]))).astype(
        int
    )


def pattern_likelihood(responses, intercepts, theta) -> np.ndarray:
    """log P(pattern | θ), students × nodes, item by item; NaN = not administered."""
    total = np.zeros((len(responses), len(theta)))
    for x, b in zip(responses.T, intercepts, strict=True):
        exponent = np.outer(np.arange(len(b)), theta) - b[:, None]
        log_p = exponent - np.log(np.exp(exponent).sum(axis=0))
        given = ~np.isnan(x)
        total[given] += log_p[x[given].astype(int)]
    return total


def reference_em(responses, group, steps_n, nodes=61, tolerance=1e-11):
    """Plain EM over students: (intercepts, means, sds, log-likelihood). Group 0 has mean 0."""
    z = np.linspace(-6, 6, nodes)
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    n_groups = int(group.max()) + 1
    mean, sd = np.zeros(n_groups), np.ones(n_groups)
    b = [np.arange(m + 1) * 0.0 for m in steps_n]
    for _ in range(5000):
        expected_n = [np.zeros((n_groups, nodes)) for _ in b]
        new_mean, new_sd, log_likelihood = mean.copy(), sd.copy(), 0.0
        for g in range(n_groups):
            own = responses[group == g]
            theta = mean[g] + sd[g] * z
            joint = np.exp(pattern_likelihood(own, b, theta)) * weight
            log_likelihood += np.log(joint.sum(axis=1)).sum()
            posterior = joint / joint.sum(axis=1, keepdims=True)
            for j in range(len(b)):
                expected_n[j][g] = posterior[~np.isnan(own[:, j])].sum(axis=0)
            eap = posterior @ theta
            new_mean[g] = 0 if g == 0 else eap.mean()
            new_sd[g] = np.sqrt((posterior * (theta - new_mean[g]) ** 2).sum() / len(own))
        new_b = [
            _item_newton(responses[:, j], b[j], expected_n[j], mean[:, None] + sd[:, None] * z)
            for j in range(len(b))
        ]
        change = max(np.abs(n - o).max() for n, o in zip(new_b, b, strict=True))
        change = max(change, np.abs(new_mean - mean).max(), np.abs(new_sd - sd).max())
        b, mean, sd = new_b, new_mean, new_sd
        if change < tolerance:
            break
    return b, mean, sd, log_likelihood


def _item_newton(x, b, expected_n, theta):
    observed = np.array([(x == k).sum() for k in range(len(b))])
    for _ in range(50):
        exponent = np.arange(len(b))[:, None, None] * theta - b[:, None, None]
        p = np.exp(exponent) / np.exp(exponent).sum(axis=0)
        gradient = (p * expected_n).sum(axis=(1, 2)) - observed
        curvature = np.diag((p * expected_n).sum(axis=(1, 2))) - np.einsum("kgq,lgq,gq->kl", p, p, expected_n)
        step = np.linalg.solve(curvature[1:, 1:], gradient[1:])
        b = b + np.r_[0, step]
        if np.abs(step).max() < 1e-13:
            break
    return b


def marginal_log_likelihood(responses, group, intercepts, mean, sd, nodes=121) -> float:
    """Over students, nodes on each group's own ± 6 sd."""
    z = np.linspace(-6, 6, nodes)
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    total = 0.0
    for g in range(len(mean)):
        log_p = pattern_likelihood(responses[group == g], intercepts, mean[g] + sd[g] * z)
        total += np.log(np.exp(log_p) @ weight).sum()
    return total


def numeric_hessian(function, x, step=1e-4) -> np.ndarray:
    size = len(x)
    hessian = np.empty((size, size))
    eye = np.eye(size) * step
    for i in range(size):
        for j in range(i, size):
            corners = [function(x + a * eye[i] + c * eye[j]) for a, c in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
            value = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * step**2)
            hessian[i, j] = hessian[j, i] = value
    return hessian


def codes(messages) -> set[str]:
    return {m.code for m in messages}


def gate(calibration, name):
    return next(g for g in calibration.gates if g.name == name)
