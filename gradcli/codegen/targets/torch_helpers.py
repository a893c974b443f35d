"""Helper functions of the target torch, where the library has no function of its own."""

from __future__ import annotations

HELPERS: dict[str, str] = {
    "strong_product": '''
def strong_product(a, b):
    """a * b, and 0 where one of them is 0 and the other is infinite."""
    dead = ((a == 0.0) & torch.isinf(b)) | (torch.isinf(a) & (b == 0.0))
    return torch.where(dead, 0.0, a * b)
''',
    "cbrt": '''
def cbrt(x):
    """The real cube root, with one step of Newton's method for the last digits."""
    y = torch.sign(x) * torch.abs(x) ** (1 / 3)
    step = (y - x / y**2) / 3
    return y - torch.where(torch.isfinite(step), step, 0.0)
''',
    "softplus": '''
def softplus(x):
    """log(1 + exp(x)), to all digits (torch has x itself from 20 on)."""
    return torch.logaddexp(x, torch.zeros_like(x))
''',
    "gelu": '''
def gelu(x):
    """x times the normal distribution function of x."""
    return 0.5 * x * torch.erfc(-0.7071067811865476 * x)
''',
    "elu": '''
def elu(x, a):
    """x where it is positive, otherwise a * (exp(x) - 1)."""
    return torch.where(x > 0, x, a * torch.expm1(torch.clamp(x, max=0.0)))
''',
    "leaky_relu": '''
def leaky_relu(x, slope):
    """x where it is positive, otherwise slope * x."""
    return torch.where(x > 0, x, slope * x)
''',
    "share_of_first": '''
def share_of_first(x, *others):
    """exp(x) in the sum of the exponentials of all."""
    return torch.exp(x - functools.reduce(torch.logaddexp, others, x))
''',
    "polygamma": '''
def polygamma(n, x):
    """The n-th derivative of digamma; nan where n is no order."""
    n, x = torch.broadcast_tensors(n, x)
    orders, places = n.detach().flatten().tolist(), x.flatten()
    found = [_polygamma(k, p) for k, p in zip(orders, places)]
    return torch.reshape(torch.stack(found), x.shape)
''',
    "_polygamma": '''
def _polygamma(n, x):
    """The same of numbers: n! times the zeta function, after steps up to x > 0."""
    if n == 0:
        return torch.digamma(x)
    if n < 0 or n % 1 != 0 or not torch.isfinite(x):
        return torch.nan * x
    steps = max(0, 1 + math.floor(-x.item()))
    total = torch.special.zeta(n + 1.0, x + steps)
    for k in range(steps):
        total = total + (x + k) ** -(n + 1)
    return (-1) ** (n + 1) * math.factorial(int(n)) * total
''',
    "fit": '''
def fit(x, shape):
    """x summed down, or repeated, to a shape: what broadcasting did is undone."""
    leading = tuple(range(max(x.dim() - len(shape), 0)))
    x = torch.sum(x, dim=leading) if leading else x
    lead = len(shape) - x.dim()
    ones = tuple(k for k, n in enumerate(x.shape) if n != 1 and shape[k + lead] == 1)
    x = torch.sum(x, dim=ones, keepdim=True) if ones else x
    return torch.broadcast_to(x, shape)
''',
    "scatter": '''
def scatter(x, places, shape):
    """Zeros of a shape, and x at the places of an index."""
    found = torch.zeros(shape, dtype=torch.float64)
    found[places] = x
    return found
''',
    "centred": '''
def centred(x, dim=None):
    """x less its mean."""
    x = x - torch.mean(x, dim=dim, keepdim=True)
    return x - torch.mean(x, dim=dim, keepdim=True)
''',
    "centred_by": '''
def centred_by(u, shares):
    """u less its mean by weights that sum to 1 along the last axis."""
    u = u - torch.sum(u * shares, dim=-1, keepdim=True)
    return u - torch.sum(u * shares, dim=-1, keepdim=True)
''',
    "excess": '''
def excess(y, t):
    """y * sum(t) - t for shares y; what a share close to 1 lacks is all the others."""
    total = torch.sum(t, dim=-1, keepdim=True)
    others = torch.where(y == torch.amax(y, dim=-1, keepdim=True), 0.0, y)
    others = torch.sum(others, dim=-1, keepdim=True)
    return torch.where(y > 0.9, y * (total - t) - t * others, y * total - t)
''',
    "one_hot": '''
def one_hot(index, classes):
    """A row of zeros for each class index, with a 1 at the class; nan for no class."""
    hits = index.unsqueeze(-1) == torch.arange(classes)
    return torch.where(hits.any(dim=-1, keepdim=True), hits.double(), torch.nan)
''',
    "cross_entropy": '''
def cross_entropy(logits, target):
    """The mean over rows of -log softmax(logits), weighted by the target."""
    terms = target * torch.log_softmax(logits, dim=-1)
    terms = torch.where(target == 0, 0.0, terms)
    return torch.mean(-torch.sum(terms, dim=-1))
''',
    "cofactors": '''
def cofactors(x):
    """The gradient of the determinant: the minors with their signs, for any x."""
    n = len(x)
    rest = [[j for j in range(n) if j != i] for i in range(n)]
    minors = torch.stack([x[i][:, j] for i in rest for j in rest])
    signs = torch.tensor([(-1.0) ** (i + j) for i in range(n) for j in range(n)])
    return torch.reshape(signs * torch.linalg.det(minors), (n, n))
''',
    "cofactors_back": '''
def cofactors_back(u, x):
    """What u at the cofactors of x is at x."""
    return torch.func.vjp(cofactors, x)[1](u)[0]
''',
    "solve": '''
def solve(a, b):
    """The x of a @ x = b; inf where a is singular."""
    try:
        return torch.linalg.solve(a, b)
    except RuntimeError:
        return torch.full_like(b, torch.inf)
''',
}
