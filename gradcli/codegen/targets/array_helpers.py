"""Helper functions of the targets numpy and jax, where the library has no function of its own; `np` is the module."""

from __future__ import annotations

HELPERS: dict[str, str] = {
    "strong_product": '''
def strong_product(a, b):
    """a * b, and 0 where one of them is 0 and the other is infinite."""
    dead = ((a == 0.0) & np.isinf(b)) | (np.isinf(a) & (b == 0.0))
    return np.where(dead, 0.0, a * b)
''',
    "erf": """
erf = np.vectorize(math.erf, otypes=[float])
""",
    "erfc": """
erfc = np.vectorize(math.erfc, otypes=[float])
""",
    "xlogy": '''
def xlogy(x, y):
    """x * log(y), and 0 where x is 0."""
    return np.where((x == 0) & (y == y), 0.0, x * np.log(y))
''',
    "sigmoid": '''
def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)
''',
    "silu": '''
def silu(x):
    """x * sigmoid(x)."""
    return x * sigmoid(x)
''',
    "softsign": '''
def softsign(x):
    """x / (1 + |x|)."""
    return x / (1.0 + np.abs(x))
''',
    "gelu": '''
def gelu(x):
    """x times the normal distribution function of x."""
    return 0.5 * x * erfc(-0.7071067811865476 * x)
''',
    "elu": '''
def elu(x, a):
    """x where it is positive, otherwise a * (exp(x) - 1)."""
    return np.where(x > 0, x, a * np.expm1(np.minimum(x, 0.0)))
''',
    "leaky_relu": '''
def leaky_relu(x, slope):
    """x where it is positive, otherwise slope * x."""
    return np.where(x > 0, x, slope * x)
''',
    "share_of_first": '''
def share_of_first(x, *others):
    """exp(x) in the sum of the exponentials of all."""
    return np.exp(x - functools.reduce(np.logaddexp, others, x))
''',
    "fit": '''
def fit(x, shape):
    """x summed down, or repeated, to a shape: what broadcasting did is undone."""
    x = np.sum(x, axis=tuple(range(max(np.ndim(x) - len(shape), 0))))
    lead = len(shape) - np.ndim(x)
    ones = [k for k, n in enumerate(np.shape(x)) if n != 1 and shape[k + lead] == 1]
    return np.broadcast_to(np.sum(x, axis=tuple(ones), keepdims=True), shape)
''',
    "scatter": '''
def scatter(x, places, shape):
    """Zeros of a shape, and x at the places of an index."""
    found = np.zeros(shape)
    found[places] = x
    return found
''',
    "centred": '''
def centred(x, axis=None):
    """x less its mean."""
    x = x - np.mean(x, axis=axis, keepdims=True)
    return x - np.mean(x, axis=axis, keepdims=True)
''',
    "softmax": '''
def softmax(x):
    """The shares of the exponentials along the last axis."""
    shares = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return shares / np.sum(shares, axis=-1, keepdims=True)
''',
    "logsoftmax": '''
def logsoftmax(x):
    """The logarithms of the shares of the exponentials along the last axis."""
    return x - np.logaddexp.reduce(x, axis=-1, keepdims=True)
''',
    "centred_by": '''
def centred_by(u, shares):
    """u less its mean by weights that sum to 1 along the last axis."""
    u = u - np.sum(u * shares, axis=-1, keepdims=True)
    return u - np.sum(u * shares, axis=-1, keepdims=True)
''',
    "excess": '''
def excess(y, t):
    """y * sum(t) - t for shares y; what a share close to 1 lacks is all the others."""
    total = np.sum(t, axis=-1, keepdims=True)
    others = np.where(y == np.max(y, axis=-1, keepdims=True), 0.0, y)
    others = np.sum(others, axis=-1, keepdims=True)
    return np.where(y > 0.9, y * (total - t) - t * others, y * total - t)
''',
    "one_hot": '''
def one_hot(index, classes):
    """A row of zeros for each class index, with a 1 at the class; nan for no class."""
    hits = np.expand_dims(index, -1) == np.arange(classes)
    return np.where(np.any(hits, axis=-1, keepdims=True), 1.0 * hits, np.nan)
''',
    "cross_entropy": '''
def cross_entropy(logits, target):
    """The mean over rows of -log softmax(logits), weighted by the target."""
    terms = np.where(target == 0, 0.0, target * logsoftmax(logits))
    return np.mean(-np.sum(terms, axis=-1))
''',
    "cofactors": '''
def cofactors(x):
    """The gradient of the determinant: the minors with their signs, for any x."""
    n = len(x)
    rest = np.array([[j for j in range(n) if j != i] for i in range(n)], dtype=int)
    minors = x[rest[:, None, :, None], rest[None, :, None, :]]
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    return signs * np.linalg.det(minors)
''',
    "cofactors_back": '''
def cofactors_back(u, x):
    """What u at the cofactors of x is at x, where x is not singular."""
    c = cofactors(x)
    return (c * np.sum(u * c) - c @ u.T @ c) / np.linalg.det(x)
''',
    "solve": '''
def solve(a, b):
    """The x of a @ x = b; inf where a is singular."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        return np.full(np.shape(b), np.inf)
''',
}  # fmt: skip
