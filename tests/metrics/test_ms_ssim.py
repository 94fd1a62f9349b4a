import numpy as np
from numpy.testing import assert_allclose

from metrics import ms_ssim
from sets import pictures


def test_ms_ssim_equals_a_computation_window_by_window(random):
    a, b = pictures(random, 2, 32), pictures(random, 2, 32)
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363])
    weights /= weights.sum()
    for k in range(2):
        x, y, expected = a[k, 0].astype(float), b[k, 0].astype(float), 1.0
        for scale in range(4):
            size = min(11, len(x))
            at = np.arange(size) - (size - 1) / 2.0
            window = np.exp(-(at[:, None] ** 2 + at**2) / (2 * (1.5 * size / 11) ** 2))
            window /= window.sum()
            terms = []
            for i in range(len(x) - size + 1):
                for j in range(len(x) - size + 1):
                    p, q = x[i : i + size, j : j + size], y[i : i + size, j : j + size]
                    mp, mq = (window * p).sum(), (window * q).sum()
                    vp, vq, cov = [(window * u).sum() for u in ((p - mp) ** 2, (q - mq) ** 2, (p - mp) * (q - mq))]
                    contrast = (2 * cov + 58.5225) / (vp + vq + 58.5225)
                    terms.append(contrast * ((2 * mp * mq + 6.5025) / (mp**2 + mq**2 + 6.5025) if scale == 3 else 1))
            expected *= max(np.mean(terms), 0) ** weights[scale]
            x, y = [u.reshape(len(u) // 2, 2, -1, 2).mean(axis=(1, 3)) for u in (x, y)]
        assert_allclose(ms_ssim.ms_ssim(a[k : k + 1], b[k : k + 1]), [expected], rtol=1e-6)
    assert_allclose(ms_ssim.ms_ssim(a, a), 1)
