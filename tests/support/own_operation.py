"""Operations of one's own, declared outside the library, as README shows."""

from autograd import Binary, Nary, Unary

cube = Unary("cube", lambda m, x: x * x * x, lambda y, x: 3 * x * x, activation=True)
area = Binary("area", lambda m, a, b: a * b, (lambda y, a, b: b, lambda y, a, b: a))
norm = Nary(
    "norm", lambda m, *xs: m.sqrt(sum(x * x for x in xs)), lambda y, *xs: [x / y for x in xs]
)
