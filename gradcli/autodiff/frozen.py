"""Generated from the rules by `python -m gradcli.codegen.freeze`: local gradients as float functions. Do not edit."""
# mypy: ignore-errors
# ruff: noqa

from gradcli.graph import real


def f0(y, a, b):
    return 1.0


def f1(y, a, b):
    return -1.0


def f2(y, a, b):
    return b


def f3(y, a, b):
    return a


def f4(y, a, b):
    return real.divide(1.0, b)


def f5(y, a, b):
    return real.divide((-y), b)


def f6(y, a):
    return -1.0


def f7(y, a):
    return 1.0


def f8(y, a, b, c):
    return 1.0 if a != 0.0 else 0.0


def f9(y, a, b, c):
    return 1.0 if a == 0.0 else 0.0


def f10(y, a):
    return 2.0 * a


def f11(y, a):
    return 3.0 * real.power(a, 2.0)


def f12(y, a):
    return -1.0 * real.power(a, -2.0)


def f13(y, a):
    return 0.5 * real.power(a, -0.5)


def f14(y, a, b):
    return real.where((1.0 if b == 0.0 else 0.0), 0.0, (b * real.power(a, (b - 1.0))))


def f15(y, a, b):
    return real.where(((1.0 if a == 0.0 else 0.0) * (1.0 if b >= 0.0 else 0.0)), 0.0, (y * real.log(a)))


def f16(y, a):
    return y


def f17(y, a):
    return real.divide(1.0, a)


def f18(y, a):
    return real.exp(a)


def f19(y, a):
    return real.divide(1.0, (1.0 + a))


def f20(y, a):
    return real.divide(1.0, (a * 0.6931471805599453))


def f21(y, a):
    return real.divide(1.0, (a * 2.302585092994046))


def f22(y, a):
    return real.divide(0.5, y)


def f23(y, a):
    return real.divide(1.0, (3.0 * real.power(y, 2.0)))


def f24(y, a):
    return real.cos(a)


def f25(y, a):
    return -real.sin(a)


def f26(y, a):
    return 1.0 + real.power(y, 2.0)


def f27(y, a):
    return real.divide(1.0, real.sqrt(((1.0 - a) * (1.0 + a))))


def f28(y, a):
    return real.divide(-1.0, real.sqrt(((1.0 - a) * (1.0 + a))))


def f29(y, a):
    return real.divide(1.0, (1.0 + real.power(a, 2.0)))


def f30(y, a, b):
    return real.where((1.0 if y == 0.0 else 0.0), 0.0, real.divide(a, y))


def f31(y, a, b):
    return real.where((1.0 if y == 0.0 else 0.0), 0.0, real.divide(b, y))


def f32(y, a, b, c):
    return real.where((1.0 if y == 0.0 else 0.0), 0.0, real.divide(a, y))


def f33(y, a, b, c):
    return real.where((1.0 if y == 0.0 else 0.0), 0.0, real.divide(b, y))


def f34(y, a, b, c):
    return real.where((1.0 if y == 0.0 else 0.0), 0.0, real.divide(c, y))


def f35(y, a, b):
    return real.where((1.0 if real.hypot(a, b) == 0.0 else 0.0), 0.0, real.divide(real.divide(b, real.hypot(a, b)), real.hypot(a, b)))


def f36(y, a, b):
    return real.where((1.0 if real.hypot(a, b) == 0.0 else 0.0), 0.0, real.divide(real.divide((-a), real.hypot(a, b)), real.hypot(a, b)))


def f37(y, a):
    return real.cosh(a)


def f38(y, a):
    return real.sinh(a)


def f39(y, a):
    return real.power(real.divide(1.0, real.cosh(a)), 2.0)


def f40(y, a):
    return real.divide(1.0, real.hypot(1.0, a))


def f41(y, a):
    return real.divide(1.0, (real.sqrt((a - 1.0)) * real.sqrt((a + 1.0))))


def f42(y, a):
    return real.divide(1.0, ((1.0 - a) * (1.0 + a)))


def f43(y, a, b):
    t3 = (1.0 if a == y else 0.0)
    return real.divide(t3, (t3 + (1.0 if b == y else 0.0)))


def f44(y, a, b):
    t4 = (1.0 if b == y else 0.0)
    return real.divide(t4, ((1.0 if a == y else 0.0) + t4))


def f45(y, a, b, c):
    t4 = (1.0 if a == y else 0.0)
    return real.divide(t4, ((t4 + (1.0 if b == y else 0.0)) + (1.0 if c == y else 0.0)))


def f46(y, a, b, c):
    t5 = (1.0 if b == y else 0.0)
    return real.divide(t5, (((1.0 if a == y else 0.0) + t5) + (1.0 if c == y else 0.0)))


def f47(y, a, b, c):
    t6 = (1.0 if c == y else 0.0)
    return real.divide(t6, (((1.0 if a == y else 0.0) + (1.0 if b == y else 0.0)) + t6))


def f48(y, a, b):
    return 1.0 if a == y else 0.0


def f49(y, a, b):
    return (1.0 if b == y else 0.0) * (1.0 - (1.0 if a == y else 0.0))


def f50(y, a, b, c):
    return 1.0 if a == y else 0.0


def f51(y, a, b, c):
    return (1.0 if b == y else 0.0) * (1.0 - (1.0 if a == y else 0.0))


def f52(y, a, b, c):
    t4 = (1.0 if a == y else 0.0)
    return (1.0 if c == y else 0.0) * (1.0 - (t4 + ((1.0 if b == y else 0.0) * (1.0 - t4))))


def f53(y, a, b, c):
    t9 = real.maximum(a, b)
    return ((1.0 if a > b else 0.0) + (0.5 * (1.0 if a == b else 0.0))) * ((1.0 if t9 < c else 0.0) + (0.5 * (1.0 if t9 == c else 0.0)))


def f54(y, a, b, c):
    t23 = real.maximum(a, b)
    return (1.0 - ((1.0 if a > b else 0.0) + (0.5 * (1.0 if a == b else 0.0)))) * ((1.0 if t23 < c else 0.0) + (0.5 * (1.0 if t23 == c else 0.0)))


def f55(y, a, b, c):
    t30 = real.maximum(a, b)
    return 1.0 - ((1.0 if t30 < c else 0.0) + (0.5 * (1.0 if t30 == c else 0.0)))


def f56(y, a, b, c):
    t9 = real.maximum(a, b)
    return ((1.0 if a > b else 0.0) + (1.0 * (1.0 if a == b else 0.0))) * ((1.0 if t9 < c else 0.0) + (1.0 * (1.0 if t9 == c else 0.0)))


def f57(y, a, b, c):
    t23 = real.maximum(a, b)
    return (1.0 - ((1.0 if a > b else 0.0) + (1.0 * (1.0 if a == b else 0.0)))) * ((1.0 if t23 < c else 0.0) + (1.0 * (1.0 if t23 == c else 0.0)))


def f58(y, a, b, c):
    t30 = real.maximum(a, b)
    return 1.0 - ((1.0 if t30 < c else 0.0) + (1.0 * (1.0 if t30 == c else 0.0)))


def f59(y, a):
    return 1.0 if a > 0.0 else 0.0


def f60(y, a):
    return (1.0 if a > 0.0 else 0.0) + (0.5 * (1.0 if a == 0.0 else 0.0))


def f61(y, a):
    return 1.0 if a >= 0.0 else 0.0


def f62(y, a, b):
    return real.where((1.0 if a > 0.0 else 0.0), 1.0, b)


def f63(y, a, b):
    return real.where((1.0 if a > 0.0 else 0.0), 0.0, a)


def f64(y, a):
    return real.sign(a)


def f65(y, a):
    return 0.0


def f66(y, a, b):
    return -real.floor(real.divide(a, b))


def f67(y, a):
    return 1.1283791670955126 * real.exp((-real.power(a, 2.0)))


def f68(y, a):
    return -1.1283791670955126 * real.exp((-real.power(a, 2.0)))


def f69(y, a):
    return real.digamma(a)


def f70(y, a):
    return real.polygamma(1.0, a)


def f71(y, a, b):
    return float("nan")


def f72(y, a, b):
    return real.polygamma((a + 1.0), b)


def f73(y, a, b):
    return real.log(b)


def f74(y, a, b):
    return real.where((1.0 if a == 0.0 else 0.0), 0.0, real.divide(a, b))


def f75(y, a):
    return y * real.sigmoid((-a))


def f76(y, a):
    return real.sigmoid((-a))


def f77(y, a):
    return real.sigmoid(a)


def f78(y, a):
    return real.sigmoid(a) * (1.0 + (a * real.sigmoid((-a))))


def f79(y, a):
    return (0.5 * real.erfc(((-a) * 0.7071067811865476))) + ((a * 0.3989422804014327) * real.exp((-0.5 * real.power(a, 2.0))))


def f80(y, a):
    return real.power(real.divide(1.0, (1.0 + real.absolute(a))), 2.0)


def f81(y, a, b):
    return real.where((1.0 if a > 0.0 else 0.0), 1.0, (b * real.exp(a)))


def f82(y, a, b):
    return real.where((1.0 if a > 0.0 else 0.0), 0.0, real.expm1(a))


def f83(y, a, b):
    return real.softmax(a, b)


def f84(y, a, b):
    return real.softmax(b, a)


def f85(y, a, b, c):
    return real.softmax(a, b, c)


def f86(y, a, b, c):
    return real.softmax(b, a, c)


def f87(y, a, b, c):
    return real.softmax(c, a, b)


def f88(y, a, b):
    return y * real.softmax(b, a)


def f89(y, a, b):
    return (-y) * real.softmax(b, a)


def f90(y, a, b, c):
    return y * (real.softmax(b, a, c) + real.softmax(c, a, b))


def f91(y, a, b, c):
    return (-y) * real.softmax(b, a, c)


def f92(y, a, b, c):
    return (-y) * real.softmax(c, a, b)


LOCALS: dict = {
    ('add', None, 2): (f0, f0,),
    ('sub', None, 2): (f0, f1,),
    ('mul', None, 2): (f2, f3,),
    ('div', None, 2): (f4, f5,),
    ('neg', None, 1): (f6,),
    ('same', None, 1): (f7,),
    ('less', None, 2): (None, None,),
    ('less_equal', None, 2): (None, None,),
    ('greater', None, 2): (None, None,),
    ('greater_equal', None, 2): (None, None,),
    ('equal', None, 2): (None, None,),
    ('not_equal', None, 2): (None, None,),
    ('where', None, 3): (None, f8, f9,),
    ('power', 2.0, 1): (f10,),
    ('power', 3.0, 1): (f11,),
    ('power', -1.0, 1): (f12,),
    ('power', 0.5, 1): (f13,),
    ('pow', None, 2): (f14, f15,),
    ('exp', None, 1): (f16,),
    ('log', None, 1): (f17,),
    ('expm1', None, 1): (f18,),
    ('log1p', None, 1): (f19,),
    ('log2', None, 1): (f20,),
    ('log10', None, 1): (f21,),
    ('square', None, 1): (f10,),
    ('sqrt', None, 1): (f22,),
    ('cbrt', None, 1): (f23,),
    ('sin', None, 1): (f24,),
    ('cos', None, 1): (f25,),
    ('tan', None, 1): (f26,),
    ('asin', None, 1): (f27,),
    ('acos', None, 1): (f28,),
    ('atan', None, 1): (f29,),
    ('hypot', None, 2): (f30, f31,),
    ('hypot', None, 3): (f32, f33, f34,),
    ('atan2', None, 2): (f35, f36,),
    ('sinh', None, 1): (f37,),
    ('cosh', None, 1): (f38,),
    ('tanh', None, 1): (f39,),
    ('asinh', None, 1): (f40,),
    ('acosh', None, 1): (f41,),
    ('atanh', None, 1): (f42,),
    ('max', None, 2): (f43, f44,),
    ('max', None, 3): (f45, f46, f47,),
    ('max_first', None, 2): (f48, f49,),
    ('max_first', None, 3): (f50, f51, f52,),
    ('min', None, 2): (f43, f44,),
    ('min', None, 3): (f45, f46, f47,),
    ('min_first', None, 2): (f48, f49,),
    ('min_first', None, 3): (f50, f51, f52,),
    ('clip', None, 3): (f53, f54, f55,),
    ('clip_first', None, 3): (f56, f57, f58,),
    ('relu', None, 1): (f59,),
    ('relu_split', None, 1): (f60,),
    ('relu_first', None, 1): (f61,),
    ('leaky_relu', None, 2): (f62, f63,),
    ('abs', None, 1): (f64,),
    ('sign', None, 1): (f65,),
    ('floor', None, 1): (f65,),
    ('ceil', None, 1): (f65,),
    ('round', None, 1): (f65,),
    ('mod', None, 2): (f0, f66,),
    ('erf', None, 1): (f67,),
    ('erfc', None, 1): (f68,),
    ('lgamma', None, 1): (f69,),
    ('digamma', None, 1): (f70,),
    ('polygamma', None, 2): (f71, f72,),
    ('xlogy', None, 2): (f73, f74,),
    ('sigmoid', None, 1): (f75,),
    ('logsigmoid', None, 1): (f76,),
    ('softplus', None, 1): (f77,),
    ('silu', None, 1): (f78,),
    ('gelu', None, 1): (f79,),
    ('softsign', None, 1): (f80,),
    ('elu', None, 2): (f81, f82,),
    ('logaddexp', None, 2): (f83, f84,),
    ('logaddexp', None, 3): (f85, f86, f87,),
    ('softmax', None, 2): (f88, f89,),
    ('softmax', None, 3): (f90, f91, f92,),
}
