"""Everything that can be wrong with arrays: what was found, where, and a way out."""

import json
from textwrap import dedent
from time import process_time

import pytest
from running import run

ERRORS = [
    (
        ["eval", "sum(relu(X1@W1)@W2)", "X1=[[1,2],[3,4]]", "W1=[[1,2,3,4],[3,4,5,6]]", "W2=[[1,2],[3,4],[5,6]]"],
        """
        error: shapes do not fit at '@': [2,4] and [3,2], inner sizes 4 and 3
          sum(relu(X1@W1)@W2)
              ~~~~~~~~~~~^~~
              [2,4]       [3,2]
          W2 needs 4 rows; W2.T is [2,3] and would not fit either
        """,
    ),
    (
        ["eval", "X1@W2", "X1=ones(2,4)", "W2=ones(3,4)"],
        """
        error: shapes do not fit at '@': [2,4] and [3,4], inner sizes 4 and 3
          X1@W2
          ~~^~~
          [2,4]
             [3,4]
          W2 needs 4 rows; W2.T is [4,3] and fits
        """,
    ),
    (
        ["eval", "X1@W2", "X1=ones(2,4)", "W2=ones(2,3)"],
        """
        error: shapes do not fit at '@': [2,4] and [2,3], inner sizes 4 and 2
          X1@W2
          ~~^~~
          [2,4]
             [2,3]
          W2 needs 4 rows; X1.T is [4,2] and fits
        """,
    ),
    (
        ["eval", "x + y", "x=[1,2,3]", "y=[1,2]"],
        """
        error: shapes do not fit at '+': [3] and [2]
          x + y
          ~ ^ ~
          [3] [2]
          elements are combined one by one: both need the same length, or one of them length 1
        """,
    ),
    (
        ["eval", "x*y", "x=ones(2,3)", "y=ones(3,2)"],
        """
        error: shapes do not fit at '*': [2,3] and [3,2]
          x*y
          ~^~
          [2,3]
            [3,2]
          axes are compared from the last: each pair has to be equal, or one of them 1
          y.T is [2,3] and fits
        """,
    ),
    (
        ["eval", "max(x,y,z)", "x=ones(2,3)", "y=1", "z=ones(3,2)"],
        """
        error: shapes do not fit at 'max': [2,3] and [3,2]
          max(x,y,z)
          ^^^ ~   ~
              [2,3]
                  [3,2]
          axes are compared from the last: each pair has to be equal, or one of them 1
        """,
    ),
    (
        ["eval", "[x,y]", "x=ones(3)", "y=ones(2)"],
        """
        error: a ragged array: its first entry has length 3, entry 2 has length 2
          [x,y]
           ~ ~
           [3]
             [2]
          all entries of an array have one shape
        """,
    ),
    (
        ["eval", "[x,1]", "x=ones(3)"],
        """
        error: a ragged array: its first entry has length 3, entry 2 is a number
          [x,1]
           ~ ~
           [3]
             []
          all entries of an array have one shape
        """,
    ),
    (
        ["eval", "[[1,2],[3]]"],
        """
        error: a ragged array: its first entry has length 2, entry 2 has length 1
          [[1,2],[3]]
           ~~~~~ ~~~
           [2]   [1]
          all entries of an array have one shape
        """,
    ),
    (
        ["eval", "[1,[2]]"],
        """
        error: a ragged array: its first entry is a number, entry 2 has length 1
          [1,[2]]
           ~ ~~~
           []
             [1]
          all entries of an array have one shape
        """,
    ),
    (
        ["eval", "[[1,2],3]"],
        """
        error: a ragged array: its first entry has length 2, entry 2 is a number
          [[1,2],3]
           ~~~~~ ~
           [2]   []
          all entries of an array have one shape
        """,
    ),
    (
        ["eval", "[[[1,2]],[[3]]]"],
        """
        error: a ragged array: its first entry has shape [1,2], entry 2 has shape [1,1]
          [[[1,2]],[[3]]]
           ~~~~~~~ ~~~~~
           [1,2]   [1,1]
          all entries of an array have one shape
        """,
    ),
    (
        ["eval", "[]"],
        """
        error: an empty array
          []
          ^^
          an array has at least one element
        """,
    ),
    (
        ["eval", "[[],[1]]"],
        """
        error: an empty array
          [[],[1]]
           ^^
          an array has at least one element
        """,
    ),
    (
        ["eval", "[[x,y],[x]]", "x=1", "y=2"],
        """
        error: a ragged array: its first entry has length 2, entry 2 has length 1
          [[x,y],[x]]
           ~~~~~ ~~~
           [2]   [1]
          all entries of an array have one shape
        """,
    ),
    (
        ["eval", "concat(x,y)", "x=ones(2,3)", "y=ones(2,2)"],
        """
        error: [2,3] and [2,2] cannot be joined along axis 0
          concat(x,y)
          ^^^^^^ ~ ~
                 [2,3]
                   [2,2]
          all other axes have to be equal
        """,
    ),
    (
        ["eval", "concat(x,y)", "x=1", "y=ones(2,2)"],
        """
        error: concat joins arrays, and this is a scalar
          concat(x,y)
          ^^^^^^ ~
                 []
          write [x] for an array of one element
        """,
    ),
    (
        ["eval", "concat(x,y,1)", "x=ones(2)", "y=ones(2)"],
        """
        error: there is no axis 1 in [2]
          concat(x,y,1)
                 ~   ^
                 [2]
          its only axis is 0
        """,
    ),
    (
        ["eval", "dot(x,y)", "x=ones(2)", "y=ones(3)"],
        """
        error: dot takes two vectors of one length, not [2] and [3]
          dot(x,y)
          ^^^ ~ ~
              [2]
                [3]
          both need the same length
        """,
    ),
    (
        ["eval", "dot(x,y)", "x=ones(2,2)", "y=ones(2)"],
        """
        error: dot takes two vectors of one length, not [2,2] and [2]
          dot(x,y)
          ^^^ ~ ~
              [2,2]
                [2]
          for matrices write a @ b
        """,
    ),
    (
        ["eval", "outer(x,y)", "x=ones(2,2)", "y=ones(2)"],
        """
        error: outer takes two vectors, not [2,2] and [2]
          outer(x,y)
          ^^^^^ ~ ~
                [2,2]
                  [2]
          flatten(x) makes a vector of an array
        """,
    ),
    (
        ["eval", "solve(A,b)", "A=ones(2,2)", "b=ones(3)"],
        """
        error: solve with a matrix [2,2] takes a vector of length 2, or a matrix with 2 rows, not [3]
          solve(A,b)
          ^^^^^ ~ ~
                [2,2]
                  [3]
        """,
    ),
    (
        ["eval", "solve(A,b)", "A=ones(2,3)", "b=ones(3)"],
        """
        error: solve takes a square matrix, not [2,3]
          solve(A,b)
          ^^^^^ ~
                [2,3]
          as many rows as columns
        """,
    ),
    (
        ["eval", "1+det(A)", "A=ones(2,3)"],
        """
        error: det takes a square matrix, not [2,3]
          1+det(A)
            ^^^ ~
                [2,3]
          as many rows as columns
        """,
    ),
    (
        ["eval", "trace(A+1)", "A=ones(3)"],
        """
        error: trace takes a square matrix, not [3]
          trace(A+1)
          ^^^^^ ~~~
                [3]
          a matrix has two axes
        """,
    ),
    (
        ["eval", "inv(2*A)", "A=3"],
        """
        error: inv takes a square matrix, not []
          inv(2*A)
          ^^^ ~~~
              []
          a matrix has two axes
        """,
    ),
    (
        ["eval", "reshape(x,2,2)", "x=ones(3)"],
        """
        error: [3] has 3 elements and [2,2] has 4
          reshape(x,2,2)
          ^^^^^^^ ~
                  [3]
          a reshape keeps the number of elements
        """,
    ),
    (
        ["eval", "broadcast(x,2,2)", "x=ones(3)"],
        """
        error: [3] cannot be repeated to [2,2]
          broadcast(x,2,2)
          ^^^^^^^^^ ~
                    [3]
          axes are compared from the last: each has to be equal, or 1, or missing
        """,
    ),
    (
        ["eval", "x[3]", "x=ones(3)"],
        """
        error: index 3 is out of range: axis 0 of [3] has length 3
          x[3]
          ~ ^
          [3]
          an index is from 0 to 2, or from -1 to -3 counted from the end
        """,
    ),
    (
        ["eval", "x[-4]", "x=ones(3)"],
        """
        error: index -4 is out of range: axis 0 of [3] has length 3
          x[-4]
          ~ ^^
          [3]
          an index is from 0 to 2, or from -1 to -3 counted from the end
        """,
    ),
    (
        ["eval", "W[0,5]", "W=ones(2,3)"],
        """
        error: index 5 is out of range: axis 1 of [2,3] has length 3
          W[0,5]
          ~   ^
          [2,3]
          an index is from 0 to 2, or from -1 to -3 counted from the end
        """,
    ),
    (
        ["eval", "x[5:7]", "x=ones(3)"],
        """
        error: [5:7] picks nothing from axis 0, whose length is 3
          x[5:7]
          ~ ^^^
          [3]
          an index is from 0 to 2, and the end of a slice is one past the last
        """,
    ),
    (
        ["eval", "x[2:1]", "x=ones(3)"],
        """
        error: [2:1] picks nothing from axis 0, whose length is 3
          x[2:1]
          ~ ^^^
          [3]
          an index is from 0 to 2, and the end of a slice is one past the last
        """,
    ),
    (
        ["eval", "x[0,1,2]", "x=ones(3)"],
        """
        error: 3 indices for [3]
          x[0,1,2]
          ~   ^
          [3]
          its only axis is 0
        """,
    ),
    (
        ["eval", "x[0]", "x=3"],
        """
        error: an index of a scalar
          x[0]
          ~
          []
          a scalar has no axis: leave the index out
        """,
    ),
    (
        ["eval", "x[i]", "x=ones(3)", "i=1"],
        """
        error: an index has to be a number that is written out, and this is none
          x[i]
            ^
          shapes are checked before any number is computed: write the number, or define it in the program, i = 1
        """,
    ),
    (
        ["eval", "x[0.5]", "x=ones(3)"],
        """
        error: an index has to be a whole number, not 0.5
          x[0.5]
            ^^^
          write one, such as 2
        """,
    ),
    (
        ["eval", "x[i:2]", "x=ones(3)", "i=1"],
        """
        error: an end of a slice has to be a number that is written out, and this is none
          x[i:2]
            ^
          shapes are checked before any number is computed: write the number, or define it in the program, i = 1
        """,
    ),
    (
        ["eval", "sum(x,5)", "x=ones(3)"],
        """
        error: there is no axis 5 in [3]
          sum(x,5)
              ~ ^
              [3]
          its only axis is 0
        """,
    ),
    (
        ["eval", "sum(x,y)", "x=ones(3)", "y=2"],
        """
        error: an axis has to be a number that is written out, and this is none
          sum(x,y)
                ^
          shapes are checked before any number is computed: write the number, or define it in the program, y = 1
        """,
    ),
    (
        ["eval", "sum(x,0)", "x=3"],
        """
        error: there is no axis 0 in []
          sum(x,0)
              ~ ^
              []
          a scalar has no axis: leave it out
        """,
    ),
    (
        ["eval", "sum()"],
        """
        error: 'sum' takes 1 or 2 arguments, none given
          sum()
          ^^^
          write sum(x), or sum(x, 0) along axis 0
        """,
    ),
    (
        ["eval", "sum(x,0,1)", "x=1"],
        """
        error: 'sum' takes 1 or 2 arguments, 3 given
          sum(x,0,1)
          ^^^
          write sum(x), or sum(x, 0) along axis 0
        """,
    ),
    (
        ["eval", "softmax()"],
        """
        error: 'softmax' takes at least 1 argument, none given
          softmax()
          ^^^^^^^
          write softmax(a, b, ...)
        """,
    ),
    (
        ["eval", "softmax(x)", "x=1"],
        """
        error: softmax of a scalar
          softmax(x)
          ^^^^^^^ ~
                  []
          write softmax(a, b, ...) for the share of a among scalars
        """,
    ),
    (
        ["eval", "matmul(a)", "a=1"],
        """
        error: 'matmul' takes 2 arguments, 1 given
          matmul(a)
          ^^^^^^
          write matmul(a, b)
        """,
    ),
    (
        ["eval", "a@b", "a=1", "b=ones(2)"],
        """
        error: shapes do not fit at '@': [] and [2], and @ multiplies arrays
          a@b
          ~^~
          []
            [2]
          with a scalar, write *
        """,
    ),
    (
        ["eval", "reshape(x)", "x=1"],
        """
        error: 'reshape' takes at least 2 arguments, 1 given
          reshape(x)
          ^^^^^^^
          write reshape(x, 2, 3)
        """,
    ),
    (
        ["eval", "zeros(0)"],
        """
        error: a size has to be at least 1, not 0
          zeros(0)
                ^
          write sizes such as zeros(2, 3)
        """,
    ),
    (
        ["eval", "zeros(-1)"],
        """
        error: a size has to be at least 1, not -1
          zeros(-1)
                ^^
          write sizes such as zeros(2, 3)
        """,
    ),
    (
        ["eval", "zeros(1e10)"],
        """
        error: an array of shape [10000000000] takes 74.5 GiB, the most is 1 GiB
          zeros(1e10)
          ^^^^^^^^^^^
          --max-memory 75G allows it
        """,
    ),
    (
        ["eval", "eye(1e6)"],
        """
        error: an array of shape [1000000,1000000] takes 7.28 TiB, the most is 1 GiB
          eye(1e6)
          ^^^^^^^^
          use a smaller array
        """,
    ),
    (
        ["eval", "ones(x)", "x=2"],
        """
        error: a size has to be a number that is written out, and this is none
          ones(x)
               ^
          shapes are checked before any number is computed: write the number, or define it in the program, x = 1
        """,
    ),
    (
        ["eval", "eye(2,3)"],
        """
        error: 'eye' takes 1 argument, 2 given
          eye(2,3)
          ^^^
          write eye(n)
        """,
    ),
    (
        ["eval", "linspace(0,1)"],
        """
        error: 'linspace' takes 3 arguments, 2 given
          linspace(0,1)
          ^^^^^^^^
          write linspace(from, to, n)
        """,
    ),
    (
        ["eval", "arange(0)"],
        """
        error: this arange has no element
          arange(0)
          ^^^^^^
          write arange(n), arange(from, to) or arange(from, to, step)
        """,
    ),
    (
        ["eval", "zeros()"],
        """
        error: 'zeros' takes at least 1 argument, none given
          zeros()
          ^^^^^
          write zeros(3) or zeros(2, 3)
        """,
    ),
    (
        ["grad", "x^2", "x=[1,2]"],
        """
        error: a gradient is of a scalar, and the result is [2]
          x^2
          ^^^
          write one of these, with the same values:
          gradcli vjp 'x^2' ... --upstream 'ones(2)'  the gradient of sum(U*f), with U of shape [2]
          gradcli jacobian 'x^2' ...                  every derivative of every element
          gradcli grad 'sum(x^2)' ...                 the gradient of the sum
        """,
    ),
    (
        ["eval", "x", "x=[1,2"],
        """
        error: end found, ']' expected
          x=[1,2
            -   ^
          '[' at column 3 is never closed
        """,
    ),
    (
        ["eval", "x", "x=[1,[2,3]]"],
        """
        error: a ragged array: its first entry is a number, entry 2 has length 2
          x=[1,[2,3]]
             ~ ~~~~~
             []
               [2]
          all entries of an array have one shape
        """,
    ),
    (
        ["eval", "x", "x=[1,2]+[1,2,3]"],
        """
        error: shapes do not fit at '+': [2] and [3]
          x=[1,2]+[1,2,3]
            ~~~~~^~~~~~~~
            [2]   [3]
          elements are combined one by one: both need the same length, or one of them length 1
        """,
    ),
    (
        ["eval", "x", "x=[1,y]"],
        """
        error: the value of 'x' has to be a number, and 'y' is none
          x=[1,y]
               ^
          write a number or an expression of numbers such as -1, 1e-3 or pi/4 in place of y
        """,
    ),
    (
        ["eval", "x at x=[1,y]"],
        """
        error: the value of 'x' has to be a number, and 'y' is none
          x at x=[1,y]
                    ^
          write a number or an expression of numbers such as -1, 1e-3 or pi/4 in place of y
        """,
    ),
    (
        ["eval", "x at x=[1,2]+[1,2,3]"],
        """
        error: shapes do not fit at '+': [2] and [3]
          x at x=[1,2]+[1,2,3]
                 ~~~~~^~~~~~~~
                 [2]   [3]
          elements are combined one by one: both need the same length, or one of them length 1
        """,
    ),
    (
        ["eval", "transpose(x,0,0)", "x=ones(2,2)"],
        """
        error: axes 0, 0 are no order of axes
          transpose(x,0,0)
          ^^^^^^^^^
          each axis from 0 on stands there once, as in transpose(x, 2, 0, 1)
        """,
    ),
    (
        ["eval", "transpose(x,0,1,2)", "x=ones(2,2)"],
        """
        error: [2,2] cannot be transposed by 0, 1, 2
          transpose(x,0,1,2)
          ^^^^^^^^^ ~
                    [2,2]
          its axes are 0 to 1, or -1 for the last, each once
        """,
    ),
    (
        ["eval", "cross_entropy(x,t)", "x=ones(2,3)", "t=ones(3)"],
        """
        error: cross_entropy(logits, target) with logits [2,3] and target [3]
          cross_entropy(x,t)
          ^^^^^^^^^^^^^ ~ ~
                        [2,3]
                          [3]
          target has to be a class index a row, [2], or probabilities, [2,3]
        """,
    ),
    (
        ["eval", "cumsum(x,1)", "x=ones(2)"],
        """
        error: there is no axis 1 in [2]
          cumsum(x,1)
                 ~ ^
                 [2]
          its only axis is 0
        """,
    ),
    (
        ["eval", "amax(x,1)", "x=ones(2)"],
        """
        error: there is no axis 1 in [2]
          amax(x,1)
               ~ ^
               [2]
          its only axis is 0
        """,
    ),
    (
        ["eval", "where(c,a,b)", "c=ones(2)", "a=ones(3)", "b=1"],
        """
        error: shapes do not fit at 'where': [2] and [3]
          where(c,a,b)
          ^^^^^ ~ ~
                [2]
                  [3]
          elements are combined one by one: both need the same length, or one of them length 1
        """,
    ),
    (
        ["eval", "a = x*x; b = y@a; b", "x=ones(3)", "y=ones(2)"],
        """
        error: shapes do not fit at '@': [2] and [3], inner sizes 2 and 3
          a = x*x; b = y@a; b
                       ~^~
                       [2]
                         [3]
          a needs 2 elements
        """,
    ),
    (
        ["eval", "f(a, b) = a@b; f(X, Y)", "X=ones(2,3)", "Y=ones(2,3)"],
        """
        error: shapes do not fit at '@': [2,3] and [2,3], inner sizes 3 and 2
          f(a, b) = a@b; f(X, Y)
                    ~^~
                    [2,3]
                      [2,3]
          Y needs 3 rows; Y.T is [3,2] and fits
        """,
    ),
    (
        ["eval", "(x + 1) * (y - 1)", "x=[1,2]", "y=[1,2,3]"],
        """
        error: shapes do not fit at '*': [2] and [3]
          (x + 1) * (y - 1)
           ~~~~~  ^  ~~~~~
           [2]       [3]
          elements are combined one by one: both need the same length, or one of them length 1
        """,
    ),
    (
        ["eval", "W*x", "W=ones(2,3)", "x=[1,2]"],
        """
        error: shapes do not fit at '*': [2,3] and [2]
          W*x
          ~^~
          [2,3]
            [2]
          axes are compared from the last: each pair has to be equal, or one of them 1
          as a column it fits: reshape(x, 2, 1)
        """,
    ),
    (
        ["eval", "A@B", "A=ones(2,3,4)", "B=ones(3,4,5)"],
        """
        error: shapes do not fit at '@': [2,3,4] and [3,4,5], stacks of [2] and [3] matrices
          A@B
          ~^~
          [2,3,4]
            [3,4,5]
          axes before the last two have to be equal, or 1
        """,
    ),
    (
        ["eval", "A@x", "A=ones(2,3)", "x=ones(2)"],
        """
        error: shapes do not fit at '@': [2,3] and [2], inner sizes 3 and 2
          A@x
          ~^~
          [2,3]
            [2]
          x needs 3 elements; A.T is [3,2] and fits
        """,
    ),
    (
        ["eval", "x ** y", "x=ones(3)", "y=ones(2)"],
        """
        error: shapes do not fit at '^': [3] and [2]
          x ** y
          ~ ^^ ~
          [3]  [2]
          elements are combined one by one: both need the same length, or one of them length 1
        """,
    ),
    (
        ["eval", "x × y", "x=ones(3)", "y=ones(2)"],
        """
        error: shapes do not fit at '*': [3] and [2]
          x × y
          ~ ^ ~
          [3] [2]
          elements are combined one by one: both need the same length, or one of them length 1
        """,
    ),
    (
        ["eval", "x <= y", "x=ones(3)", "y=ones(2)"],
        """
        error: shapes do not fit at '<=': [3] and [2]
          x <= y
          ~ ^^ ~
          [3]  [2]
          elements are combined one by one: both need the same length, or one of them length 1
        """,
    ),
    (
        ["eval", "x[:,0]", "x=ones(3)"],
        """
        error: 2 indices for [3]
          x[:,0]
          ~   ^
          [3]
          its only axis is 0
        """,
    ),
    (
        ["eval", "concat(x, y)", "x=ones(2,2)", "y=ones(2)"],
        """
        error: [2,2] and [2] cannot be joined along axis 0
          concat(x, y)
          ^^^^^^ ~  ~
                 [2,2]
                    [2]
          both need as many axes
        """,
    ),
    (
        ["eval", "zeros(2, 1e300)"],
        """
        error: a size of 1e+300 is too large
          zeros(2, 1e300)
                   ^^^^^
          write a smaller number
        """,
    ),
    (
        ["eval", "ones(nan)"],
        """
        error: a size has to be a whole number, not nan
          ones(nan)
               ^^^
          write one, such as 2
        """,
    ),
    (
        ["eval", "arange(0, 1, 1e-300)"],
        """
        error: this arange has too many elements
          arange(0, 1, 1e-300)
          ^^^^^^
          take a larger step
        """,
    ),
    (
        ["eval", "linspace(0, x, 3)", "x=1"],
        """
        error: 'linspace' takes finite numbers that are written out
          linspace(0, x, 3)
                      ^
          shapes are checked before any number is computed, so it cannot be a variable
        """,
    ),
    (
        ["eval", "linspace(0, 1, 0)"],
        """
        error: a size has to be at least 1, not 0
          linspace(0, 1, 0)
                         ^
          write linspace(from, to, n), as in linspace(0, 1, 5)
        """,
    ),
    (
        ["eval", "reshape(x, 0)", "x=ones(3)"],
        """
        error: a size has to be at least 1, not 0
          reshape(x, 0)
                     ^
          write sizes such as reshape(x, 2, 3)
        """,
    ),
    (
        ["eval", "x", "x=ones(100000,1)@ones(1,100000)"],
        """
        error: the values would take 74.5 GiB, the most is 1 GiB
          x=ones(100000,1)@ones(1,100000)
            ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
            [100000,100000] takes 74.5 GiB
          --max-memory 75G allows it
        """,
    ),
    (
        ["eval", "x + y", "x=ones(100000,1)", "y=ones(1,100000)"],
        """
        error: the values would take 74.5 GiB, the most is 1 GiB
          x + y
          ~~~~~
          [100000,100000] takes 74.5 GiB
          --max-memory 75G allows it
        """,
    ),
    (
        ["eval", "dot(2, x)", "x=ones(2)"],
        """
        error: dot takes two vectors of one length, not [] and [2]
          dot(2, x)
          ^^^ ~  ~
              [] [2]
          with a scalar, write *
        """,
    ),
    (
        ["eval", "x[0][0]", "x=[1]"],
        """
        error: an index of a scalar
          x[0][0]
          ~~~~
          []
          a scalar has no axis: leave the index out
        """,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("words", "block"), ERRORS, ids=[" ".join(words)[:60] for words, _ in ERRORS])
def test_an_error_shows_the_operands_and_their_shapes(words, block):
    """One block on standard error, nothing else; the shapes stand under what has them."""
    assert run(*words) == (2, "", f"{dedent(block).strip()}\n")


def test_the_object_of_an_error_points_at_the_operator():
    """Line and column are those of what joins the operands, the message has their shapes."""
    said = json.loads(run("eval", "a = 1\nx + y*a", "x=[1,2,3]", "y=[1,2]", "--json").err)["error"]
    assert said == {
        "kind": "shape", "message": "shapes do not fit at '+': [3] and [2]", "line": 2, "column": 3, "span": [8, 9],
        "hint": "elements are combined one by one: both need the same length, or one of them length 1",
    }  # fmt: skip


def test_a_narrow_terminal_keeps_the_operator_in_sight():
    """The window goes around it, and the shapes stay under what is left of their operands."""
    words = ["eval", "1+1+1+1+1+1+1+1+1+1+ sum(xx*2) * (longer_name_1 @ longer_name_2) +1+1+1+1+1+1"]
    said = run(*words, "xx=1", "longer_name_1=ones(2,3)", "longer_name_2=ones(2,3)", env={"COLUMNS": "40"}).err
    assert said.splitlines()[1:4] == [
        "  …* (longer_name_1 @ longer_name_2) +…",
        "      ~~~~~~~~~~~~~ ^ ~~~~~~~~~~~~~",
        "      [2,3]           [2,3]",
    ]


def test_of_many_entries_the_one_that_differs_is_shown():
    """It may be far behind the first, and on a line of its own."""
    assert run("eval", f"[{'1,' * 500}[1]]").err.splitlines()[1:4] == [
        "  …" + ",1" * 35 + ",[1]]", "   " + " " * 71 + "~~~", "   " + " " * 71 + "[1]",
    ]  # fmt: skip
    assert run("eval", "-", stdin=b"[[1, 2],\n [3]]").err.splitlines()[:4] == [
        "error: line 2: a ragged array: its first entry has length 2, entry 2 has length 1",
        "   [3]]",
        "   ~~~",
        "   [1]",
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[" * 100_000, "end found, an expression expected"),
        ("[" * 100_000 + "1" + "]" * 100_000, "an array of more than 32 axes"),
        ("[" * 50_000 + "x" + "]" * 50_000, "33 axes, the most is 32"),
        ("[" * 1_000_000, "the expression has 1,000,001 words and signs, the most is 400,000"),
        ("[1," * 1_000_000, "standard input is longer than 1 MiB"),
        (f"[{'1,' * 190_000}[1]]", "a ragged array: its first entry is a number, entry 190001 has length 1"),
        ("x" + "[0]" * 50_000, "an index of a scalar"),
    ],
    ids=["open", "deep", "deep variable", "words", "bytes", "ragged", "indices"],
)
def test_huge_nonsense_is_refused(source, message):
    """In a moment, and without recursion."""
    begin = process_time()
    code, out, err = run("eval", "-", "x=[1]", stdin=source.encode())
    assert (code, out, err.splitlines()[0]) == (2, "", f"error: {message}")
    assert len(err) < 600
    assert process_time() - begin < 6  # a second on a quiet machine


def test_a_long_literal_is_an_array_in_a_moment():
    """200,000 elements, flat or in rows."""
    assert run("eval", f"sum([{','.join(['1.5'] * 199_000)}])").out == "298500\n"
    assert run("eval", f"sum([{','.join(['[1,2]'] * 60_000)}])").out == "180000\n"
