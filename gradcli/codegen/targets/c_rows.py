"""Helper functions of generated C code over arrays: rows of N numbers that stand STEP apart."""

from __future__ import annotations

ROWS = {
    "copy": r"""
static void copy(const double *x, double *y, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = x[i];
}
""",
    "sum_of": r"""
static double sum_of(const double *x, int n, int step)
{
    double total = 0.0;
    for (int i = 0; i < n; i++)
        total += x[i * step];
    return total;
}
""",
    "mean_of": r"""
/* The mean, also where the sum overflows. */
static double mean_of(const double *x, int n, int step)
{
    double total = sum_of(x, n, step), scaled = 0.0;
    if (total - total == 0.0)
        return total / n;
    for (int i = 0; i < n; i++)
        scaled += ldexp(x[i * step], -64);
    return ldexp(scaled / n, 64);
}
""",
    "product_of": r"""
static double product_of(const double *x, int n, int step)
{
    double product = 1.0;
    for (int i = 0; i < n; i++)
        product *= x[i * step];
    return product;
}
""",
    "largest_of": r"""
static double largest_of(const double *x, int n, int step)
{
    double largest = x[0];
    for (int i = 1; i < n; i++)
        largest = maximum(largest, x[i * step]);
    return largest;
}
""",
    "smallest_of": r"""
static double smallest_of(const double *x, int n, int step)
{
    double smallest = x[0];
    for (int i = 1; i < n; i++)
        smallest = minimum(smallest, x[i * step]);
    return smallest;
}
""",
    "place_of_largest": r"""
/* The first place of the largest number, or of a nan. */
static double place_of_largest(const double *x, int n, int step)
{
    int place = 0;
    for (int i = 1; i < n && x[place * step] == x[place * step]; i++)
        if (x[i * step] > x[place * step] || x[i * step] != x[i * step])
            place = i;
    return place;
}
""",
    "norm_of": r"""
/* The Euclidean norm; no square overflows or vanishes. */
static double norm_of(const double *x, int n, int step)
{
    double squares = 0.0, size = 0.0;
    int exponent;
    for (int i = 0; i < n; i++)
        squares += x[i * step] * x[i * step];
    if (squares > 1e-280 && squares < INFINITY)
        return sqrt(squares);
    for (int i = 0; i < n; i++)
        size = maximum(size, fabs(x[i * step]));
    if (!(size > 0.0 && size < INFINITY))
        return size;
    frexp(size, &exponent);
    squares = 0.0;
    for (int i = 0; i < n; i++) {
        double scaled = ldexp(x[i * step], -exponent);
        squares += scaled * scaled;
    }
    return ldexp(sqrt(squares), exponent);
}
""",
    "centred_of": r"""
/* What the numbers deviate from their mean by; they are centred once more. */
static void centred_of(const double *x, double *y, int n, int step)
{
    for (int round = 0; round < 2; round++) {
        double mean = round ? mean_of(y, n, step) : mean_of(x, n, step);
        for (int i = 0; i < n; i++)
            y[i * step] = (round ? y[i * step] : x[i * step]) - mean;
    }
}
""",
    "variance_of": r"""
/* The mean square of the deviations from the mean, over n. */
static double variance_of(const double *x, int n, int step)
{
    double mean = mean_of(x, n, step), more = 0.0, squares = 0.0;
    for (int i = 0; i < n; i++)
        more += x[i * step] - mean;
    for (int i = 0; i < n; i++) {
        double deviation = x[i * step] - mean - more / n;
        squares += deviation * deviation;
    }
    return squares / n;
}
""",
    "deviation_of": r"""
static double deviation_of(const double *x, int n, int step)
{
    return sqrt(variance_of(x, n, step));
}
""",
    "logsumexp_of": r"""
/* log(sum(exp(x))) without overflow, the far smaller numbers not lost. */
static double logsumexp_of(const double *x, int n, int step)
{
    double largest = largest_of(x, n, step), rest = 0.0;
    if (largest - largest != 0.0)
        return largest;
    for (int i = 0, passed = 0; i < n; i++) {
        if (x[i * step] == largest && !passed)
            passed = 1;
        else
            rest += exp(x[i * step] - largest);
    }
    return largest + log1p(rest);
}
""",
    "reduce": r"""
/* A function of rows over the middle axis of x, which has outer * n * inner numbers. */
static void reduce(double (*of)(const double *, int, int), const double *x, double *y,
                   int outer, int n, int inner)
{
    for (int i = 0; i < outer; i++)
        for (int j = 0; j < inner; j++)
            y[i * inner + j] = of(x + i * n * inner + j, n, inner);
}
""",
    "along": r"""
/* The same, where a row becomes a row. */
static void along(void (*of)(const double *, double *, int, int), const double *x, double *y,
                  int outer, int n, int inner)
{
    for (int i = 0; i < outer; i++)
        for (int j = 0; j < inner; j++)
            of(x + i * n * inner + j, y + i * n * inner + j, n, inner);
}
""",
    "running_sum_of": r"""
static void running_sum_of(const double *x, double *y, int n, int step)
{
    double total = 0.0;
    for (int i = 0; i < n; i++)
        y[i * step] = total += x[i * step];
}
""",
    "softmax_of": r"""
static void softmax_of(const double *x, double *y, int n, int step)
{
    double largest = largest_of(x, n, step), total = 0.0;
    int endless = 0;
    for (int i = 0; i < n; i++)
        endless += x[i * step] == INFINITY;
    for (int i = 0; i < n; i++) {
        if (largest == INFINITY) {
            y[i * step] = endless > 1 ? NAN : x[i * step] == INFINITY ? 1.0 : 0.0;
            continue;
        }
        double distance = x[i * step] - largest, back = x[i * step] - distance;
        double rounded_off = (x[i * step] - (distance + back)) + (back - largest);
        if (rounded_off - rounded_off != 0.0)
            rounded_off = 0.0;
        y[i * step] = exp(distance) * (1.0 + rounded_off);
        total += y[i * step];
    }
    for (int i = 0; i < n && largest != INFINITY; i++)
        y[i * step] /= total;
}
""",
    "logsoftmax_of": r"""
static void logsoftmax_of(const double *x, double *y, int n, int step)
{
    double largest = largest_of(x, n, step);
    double rest = logsumexp_of(x, n, step) - largest;
    for (int i = 0; i < n; i++)
        y[i * step] = (x[i * step] - largest) - rest;
}
""",
    "centred_by": r"""
/* u - sum(u * y) for shares y, whose rounded sum is taken off once more. */
static void centred_by(const double *u, const double *y, double *out, int rows, int n)
{
    for (int k = 0; k < rows; k++, u += n, y += n, out += n) {
        double once = 0.0, again = 0.0;
        for (int i = 0; i < n; i++)
            once += u[i] * y[i];
        for (int i = 0; i < n; i++)
            again += (u[i] - once) * y[i];
        for (int i = 0; i < n; i++)
            out[i] = u[i] - once - again;
    }
}
""",
    "excess": r"""
/* y * sum(t) - t for shares y, or its negative; a share close to 1 lacks the others' sum. */
static void excess(const double *y, const double *t, double *out, int rows, int n, int less)
{
    for (int k = 0; k < rows; k++, y += n, t += n, out += n) {
        int place = (int)place_of_largest(y, n, 1);
        double total = sum_of(t, n, 1), others = 0.0;
        for (int i = 0; i < n; i++) {
            out[i] = y[i] * total - t[i];
            others += i == place ? 0.0 : y[i];
        }
        if (y[place] > 0.9)
            out[place] = y[place] * (total - t[place]) - t[place] * others;
        for (int i = 0; i < n; i++)
            out[i] = less ? 0.0 - out[i] : out[i];
    }
}
""",
    "one_hot": r"""
/* Rows of zeros with a 1 at the class; nan where it is no class. */
static void one_hot(const double *index, double *y, int rows, int n)
{
    for (int k = 0; k < rows; k++) {
        int hits = 0;
        for (int i = 0; i < n; i++)
            hits += (y[k * n + i] = index[k] == i ? 1.0 : 0.0) == 1.0;
        for (int i = 0; i < n && !hits; i++)
            y[k * n + i] = NAN;
    }
}
""",
    "cross_entropy": r"""
/* The mean over rows of -log softmax at the target, which are probabilities. */
static double cross_entropy(const double *x, const double *target, int rows, int n)
{
    double total = 0.0;
    for (int k = 0; k < rows; k++, x += n, target += n) {
        double largest = largest_of(x, n, 1), row = 0.0;
        double rest = logsumexp_of(x, n, 1) - largest;
        for (int i = 0; i < n; i++)
            row += target[i] == 0.0 ? 0.0 : target[i] * ((x[i] - largest) - rest);
        total += 0.0 - row;
    }
    return total / rows;
}
""",
    "matmul": r"""
/* y = a b, with a of rows x n and b of n x columns. */
static void matmul(const double *a, const double *b, double *y, int rows, int n, int columns)
{
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < columns; k++) {
            double total = 0.0;
            for (int j = 0; j < n; j++)
                total += a[i * n + j] * b[j * columns + k];
            y[i * columns + k] = total;
        }
}
""",
}
