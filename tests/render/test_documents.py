"""Documents: what a reader of the Markdown or the LaTeX can compute again, and that nothing breaks out of it."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render.documents_reading import Reader, Unread, equations, is_off
from running import run
from scalar_programs import ordinary, texts

from gradcli.errors import GradError
from gradcli.graph.latex import distinct
from gradcli.questions import Options, explained
from gradcli.render.documents import document
from gradcli.render.documents.formula import in_math, in_text, numeral
from gradcli.render.documents.markdown import in_words
from gradcli.render.documents.names import Names
from gradcli.text import shortest, significant

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("golden_documents")
REWRITE = os.environ.get("GRADCLI_REWRITE") == "1"
KINDS = {"latex": "tex", "markdown": "md"}
COMMANDS = ("explain", "compare", "jacobian", "hessian", "diff")
HOSTILE = "a_b*αβ + loss_2*ж1 + x1*x_1 + _q__ + sigma*sigmoid(_q__) + e*exp(x1) + alpha*α2"
HOSTILE_AT = {
    "a_b": 1.0, "αβ": 2.0, "loss_2": 3.0, "ж1": 4.0, "x1": 0.5, "x_1": 6.0, "_q__": 7.0, "sigma": 2.0, "e": 3.0,
    "alpha": 1.5, "α2": 2.5,
}  # fmt: skip
ODD = {  # a name, and the words of the command
    "constant": ["3 + 4"], "variable": ["x", "x=2"], "five": ["x*x*x*x*x", "x=2"],
    "forward": ["x*y*x + sin(x)", "x=2", "y=3", "--mode", "forward"],
    "forward-arrays": ["sum(sigmoid(X@w))", "X=[[1,2],[3,4]]", "w=[1,-1]", "--mode", "forward"],
    "forward-axis": ["sum(sum(X*X, 1)*w)", "X=[[1,2,3],[4,5,6]]", "w=[1,-1]", "--mode", "forward"],
    "axis": ["sum(sum(X*X, 1)*w)", "X=[[1,2,3],[4,5,6]]", "w=[1,-1]"],
    "not-finite": ["x/0*nan + log(-y)", "x=inf", "y=1e300"],
    "gates": ["where(x > 0, sqrt(x), 0) + max(x, y) + clip(y, 0, 1)", "x=0", "y=0"],
    "strong-zero": ["where(x < 0, 1, x)*exp(y)/y", "x=0", "y=0", "--zero", "strong"],
    "long-vector": ["sum(x*x/3)", "x=linspace(1.2345,12.3,12)"],
    "stack": ["sum(x*x/3)", "x=reshape(linspace(1,12,12),2,2,3)"],
    "large-matrix": ["sum(relu(reshape(x,20,20)@reshape(x,20,20)))", "x=linspace(-1,1,400)"],
    "many-lines": [" + ".join(f"sin(x{n}*x)" for n in range(60)), *[f"x{n}={n}" for n in range(60)], "x=1"],
    "long": ["sin(x)+cos(x)*exp(x)/(1+x^2)-log(x+3)+sqrt(x+2)+tanh(x)*sinh(x)-cosh(x)+atan(x)*asinh(x)+x^5", "x=1"],
    "deep": ["sin(" * 50 + "x" + ")" * 50, "x=1"],
    "function": ["g(a) = a*sigmoid(a); g(x) + g(2*x)", "x=0.5"],
    "words": ["d(sin(x)*x, x) + sum(grad(x^3, x))", "x=2"],
    "reverse-ad": ["x*y + sin(x)", "x=2", "y=3", "--mode", "adjoint"],
    "many-operands": ["max(x, 1, 2, 3, 4, 5, 6, 7, 8, 9, x)", "x=9"],
    "product": ["prod(x)/3", "x=[1,2,3,4,5.55]", "--mode", "forward"],
    "slices": ["sum(100*(x[1:]-x[:8]^2)^2+(1-x[:8])^2)", "x=linspace(-1.5,1,9)", "--mode", "adjoint"],
    "long-names": ["the_weight_of_the_first_input*x + the_weight_of_the_first_input^2/x",
                   "the_weight_of_the_first_input=2.5", "x=3"],
    "no-path": ["sum(log(X))", "X=[[0,1],[-1,2]]", "--mode", "forward"],
    "closed-arrays": ["sum(where(x > 0, sqrt(x), 0))", "x=[0,4]"],
    "element-like-a-name": ["x0*x[0]*amax(x, 0)", "x=[1,2]", "x0=3"],
    "digits": ["x/3", "x=1e-5", "--digits", "12"],
}  # fmt: skip
OTHERS = {
    "compare-losing": ["compare", "1/(1+exp(-x))", "x=-800"],
    "compare-mode-arrays": ["compare", "cross_entropy(X@W, t)", "X=[[1,2],[0.5,-1]]", "W=[[1,0,-1],[0.5,1,0]]",
                            "t=[0,2]", "--by", "mode"],
    "compare-engine-arrays": ["compare", "cross_entropy(X@W, t)", "X=[[1,2],[0.5,-1]]", "W=[[1,0,-1],[0.5,1,0]]",
                              "t=[0,2]", "--by", "engine", "--log"],
    "jacobian-large": ["jacobian", "cumsum(x)", "x=linspace(0,1,30)"],
    "jacobian-upstream": ["jacobian", "relu(x_1)", "x_1=[1,-2,3]", "--upstream", "[1,2,3]"],
    "jacobian-scalar": ["jacobian", "x*y", "x=1", "y=2"],
    "jacobian-nothing": ["jacobian", "[1,2]"],
    "hessian-one": ["hessian", "x^3", "x=2"],
    "diff-names": ["diff", "sin(x1)*softplus(x_1)"],
    "diff-elements": ["diff", "x1[0]^2*x1[1]", "--example", "x1:2"],
}  # fmt: skip


def of_samples():
    """The commands of the samples that can be documents."""
    for sample in sorted((ROOT / "samples").glob("*.expr")):
        words = sample.with_suffix(".txt").read_text("utf-8").partition("\n")[0].split()[2:]
        command = words.pop(0) if not words[0].startswith("-") else "explain"
        left_out = {"--element", "--shapes", "--sparsity"} & set(words)
        if command in COMMANDS and not left_out:
            if "--view" in words:
                del words[words.index("--view") : words.index("--view") + 2]
            yield sample.stem, [command, *words]


SAMPLES = dict(of_samples())
EVERYTHING = {**SAMPLES, **{name: ["explain", *words] for name, words in ODD.items()}, **OTHERS}


def written(words, kind):
    """The document that a command writes."""
    said = run(*words, "--format", kind)
    assert said.code == 0, said.err
    return said.out


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    """The samples are named from there."""
    monkeypatch.chdir(ROOT)


# What it says


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*SAMPLES, *OTHERS])
def test_a_document_is_as_it_was(name, kind):
    """GRADCLI_REWRITE=1 writes down what is written now."""
    found = written(EVERYTHING[name], kind)
    golden = GOLDEN / f"{name}.{KINDS[kind]}"
    if REWRITE:
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(found, "utf-8")
    assert golden.read_text("utf-8") == found


NOT_READ = (  # what is left out, and words that only rules have
    r"\dots", r"\cdots", r"\text{", r"one\_hot", r"\partial", r"\operatorname{d}", r"\operatorname{grad}",
    r"\operatorname{reshape}", r"\operatorname{concat}",
)  # fmt: skip


def checked(text, digits=6):
    """How many parts of its equations were computed again; each within the rounding of what is printed.

    A product by names has its local gradient computed once more, so that its rounding is in it, too.
    """
    known, count, unread = {}, 0, []
    rows = equations(text)
    title = rows.pop(0) if "begin{align" in text.partition("\nBy ")[0].partition("\\noindent By ")[0] else None
    for row in rows:
        values = []
        for part in row.parts:
            try:
                values.append(Reader(part, known).value())
            except (Unread, ValueError):  # a reduction within a rule keeps its axis
                values.append(None)
                unread.append(part)
        last = values[-1]
        if row.remark.strip() == r"\text{seed}":  # of another pass
            known = {name: value for name, value in known.items() if not name.startswith(r"\dot")}
        if last is None:
            continue
        known[row.left.replace(" ", "")] = last
        if row.relations[-1] == r"\to":
            assert "exactly 0" in row.remark and np.any(np.asarray(last) == 0)
            continue
        for place, value in enumerate(values[:-1]):
            if value is not None:
                along = re.search(r"to all along axis (\d)", row.remark)
                value = np.expand_dims(value, int(along[1])) if along else value
                named = place == 0 and len(values) > 1 and row.left.startswith((r"\bar", r"\dot", r"\overline"))
                assert not is_off(row.parts[-1], last, value, digits - named), (row, value)
                count += 1
    whole = "not shown" not in text and r"\cdots" not in text
    assert not whole or not [part for part in unread if not any(sign in part for sign in NOT_READ)], unread
    return count, known, title


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name, words in EVERYTHING.items() if words[0] == "explain"])
def test_every_equation_holds(name, kind):
    """Forward and backward, in names and in numbers, within a unit of the last digit that is printed."""
    words = EVERYTHING[name]
    digits = int(words[words.index("--digits") + 1]) if "--digits" in words else 6
    count, _, _ = checked(written(words, kind), digits)
    assert count >= 1 or name in ("constant", "variable", "large-matrix")


@settings(max_examples=150, deadline=None)
@given(texts, ordinary)
def test_every_equation_of_any_program_holds(text, at):
    """For programs that nobody wrote; both kinds say the same equations."""
    try:
        found = explained(text, at, Options())
    except GradError:
        return
    latex, markdown = (document(found, kind) for kind in KINDS)
    count, _, _ = checked(latex)
    assert count or not found.graph.operands[found.result]
    read = equations(markdown.replace(r"\mathrm{nan}", "NAN").replace(r"\mathrm{", r"\operatorname{")
                     .replace("NAN", r"\mathrm{nan}"))  # fmt: skip
    assert [(row.left, row.parts) for row in read] == [(row.left, row.parts) for row in equations(latex)]
    balanced(latex)


def test_every_equation_of_published_programs_holds():
    """In backpropagation and in forward mode, with forms as they are and spelled out."""
    count = 0
    for line in (ROOT / "tests" / "published.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        at = {name: np.array(value, float) if isinstance(value, list) else float(value)
              for name, value in case["at"].items()}  # fmt: skip
        for mode in ("reverse", "forward"):
            for decomposition in ("auto", "naive"):
                text = document(explained(case["expr"], at, Options(mode=mode, decomposition=decomposition)), "latex")
                balanced(text)
                count += checked(text)[0]
    assert count > 5_000


def test_a_title_is_the_result():
    """The expression above the lines, computed from the values that are printed, is the printed result."""
    for name in ("neuron", "staged", "patterns", "regulariser", "saturation", "micrograd"):
        _, known, title = checked(written(EVERYTHING[name], "latex"))
        result = known[title.left]
        assert Reader(title.parts[0], known).value() == pytest.approx(result, rel=1e-5)


def test_flows_that_meet_are_added():
    """Each flow has its own name, and the sum is of those names and of their numbers."""
    found = equations(written(["explain", "(w*x - y)^2 + 0.1*w^2", "w=2", "x=3", "y=5"], "latex"))
    total = next(row for row in found if row.left == r"\bar{w}")
    assert total.parts == [r"\bar{w}^{(v_{4})} + \bar{w}^{(v_{1})}", "0.4 + 6", "6.4"]
    assert total.remark.strip() == r"\text{copy adds}"


def test_a_closed_gate_is_no_product():
    """0 times infinity is not said to be 0."""
    found = equations(written(["explain", "where(x > 0, sqrt(x), 0)", "x=0"], "latex"))
    row = next(row for row in found if row.left == r"\bar{x}")
    assert (row.parts[-2:], row.relations[-1]) == ([r"0 \cdot \infty", "0"], r"\to")
    assert "exactly 0" in row.remark


def test_what_is_folded_is_counted():
    """A long program is folded as in the views, and --full shows all of it."""
    words = EVERYTHING["many-lines"]
    folded, full = written(words, "latex"), written([*words, "--full"], "latex")
    assert "lines (" in folded and "not shown" in folded and "not shown" not in full
    assert len(equations(full)) > len(equations(folded)) > 60


@settings(max_examples=300, deadline=None)
@given(st.floats())
def test_a_number_reads_back(number):
    """As it was printed, whatever it is."""
    for text in (shortest(number), significant(number)):
        again = Reader(numeral(text).latex, {}).value()
        assert again == pytest.approx(float(text), rel=1e-12, abs=0) or (number != number and again != again)


# Nothing breaks out

letters = st.text(st.sampled_from("abcxyzWλαβжñ中_12 0"), min_size=1, max_size=8)
names = letters.filter(str.isidentifier)


@settings(max_examples=300, deadline=None)
@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_no_two_names_look_alike(labels):
    """x1 and x_1, alpha and α: each has LaTeX of its own, with and without a bar, and its braces are balanced."""
    written_names = Names(labels)
    assert len(set(distinct(labels).values())) == len(labels)
    for label in labels:
        for accent in ("", "bar", "dot"):
            formula = written_names.name(label, accent, above=written_names.name(labels[0]) if accent else None)
            balanced(f"${formula.latex}$")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("\\{}_^&%$#~<>|\"'`-*[]()!+.:@= ab1→×∂…α"), max_size=30))
def test_words_are_themselves_in_latex(text):
    """No sign of TeX's is left with its meaning."""
    found = in_text(text)
    bare = re.sub(r"\\(?:text\w+|dots)\{\}|\\[{}_&%$#]|\$[^$]*\$|-\{\}", "", found)
    assert not set(bare) & set("\\{}_^&%$#~<>|`\"-")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("\\{}_^&%$#~<>|\"'`-*[]()!+.:@= ab1→×∂…α"), max_size=30))
def test_words_are_themselves_in_mathematics(text):
    """Within \\text there is no macro, which MathJax would print."""
    found = in_math(text)
    assert not [words for words in re.findall(r"\\text\{(.*?)\}", found) if set(words) & set("\\{_^&%$#~")]
    balanced(f"${found}$")


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("\\{}_^&%$#~<>|\"'`-*[]()!+.:@= ab1→×∂…α\n"), max_size=30))
def test_words_are_themselves_in_markdown(text):
    """In a paragraph and in a cell they are drawn as they were said."""
    markdown_it = pytest.importorskip("markdown_it")
    said = text.replace("\n", " ").strip()
    drawn = markdown_it.MarkdownIt("commonmark").enable("table").enable("strikethrough")
    paragraph = inline(drawn.parse("x " + in_words([said])))
    assert paragraph == ("x " + said).strip()
    cells = inline(drawn.parse(f"| a | b |\n| --- | --- |\n| {in_words([said], cell=True)} | end |\n"))
    assert cells.split("\x00") == ["a", "b", said, "end"] or cells.endswith("\x00end")


def inline(tokens):
    """The text of all inline tokens, cells apart."""
    found = []
    for token in tokens:
        if token.type == "inline":
            assert not {child.type for child in token.children} - {"text", "text_special", "code_inline", "softbreak"}
            found.append("".join(" " if child.type == "softbreak" else child.content for child in token.children))
    return "\x00".join(found)


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_are_told_apart(kind):
    """And every equation still holds."""
    text = document(explained(HOSTILE, HOSTILE_AT, Options()), kind)
    count, known, _ = checked(text)
    assert count > 40
    assert {r"\alpha", r"\alpha_{2}", "x_{1}", r"\mathit{x\_1}", r"\sigma", "a_{b}"} <= set(known)


@pytest.mark.parametrize("name", EVERYTHING)
def test_latex_is_well_formed(name):
    """Braces and environments are balanced, every command is one that LaTeX with amsmath has, rows have their cells."""
    text = written(EVERYTHING[name], "latex")
    if EVERYTHING[name][0] != "diff":
        assert re.match(r"% .*\n% needs \\usepackage\{amsmath\}\n", text)
    balanced(text)


KNOWN = set(re.findall(r"\w+", """
    begin end text mathit mathrm mathbf operatorname frac sqrt left right bar dot overline cdot odot infty partial nabla
    to backslash sim wedge
    sum prod sin cos tan sinh cosh tanh log exp max min det arcsin arccos arctan sigma Sigma Gamma psi pi tau top dots
    cdots vdots times le ge ne pm downarrow uparrow lfloor rfloor lceil rceil lVert rVert vert paragraph noindent
    textbf texttt item begingroup endgroup allowdisplaybreaks sloppy par raggedright hline rule tabularnewline
    setlength tabcolsep small footnotesize scriptsize linewidth qquad textbackslash textless textgreater textbar
    textasciitilde textasciicircum textasciigrave allowbreak usepackage Bigl Bigr alpha beta gamma lambda
"""))


def balanced(text):
    """Raise where LaTeX would stop."""
    body = "\n".join(line for line in text.split("\n") if not line.startswith("%"))
    assert set(re.findall(r"\\([A-Za-z]+)", body)) <= KNOWN, set(re.findall(r"\\([A-Za-z]+)", body)) - KNOWN
    waiting, mathematics = [], False
    for token in re.findall(r"\\begin\{\w+\*?\}|\\end\{\w+\*?\}|\\left|\\right|\\.|[{}$]", body):
        if token == "$":
            mathematics = not mathematics
        elif token == "{" or token == r"\left":
            waiting.append(token)
        elif token.startswith(r"\begin"):
            waiting.append(token[7:-1])
        elif token == "}":
            assert waiting.pop() == "{"
        elif token == r"\right":
            assert waiting.pop() == r"\left"
        elif token.startswith(r"\end{"):
            assert waiting.pop() == token[5:-1]
    assert not waiting and not mathematics
    assert not re.search(r"_\{[^{}]*\}_|\^\{[^{}]*\}\^", body)  # a subscript of a subscript
    for block in re.findall(r"\\begin\{tabular\}\{((?:[^{}]|\{[^{}]*\})*)\}\n(.*?)\\end\{tabular\}", body, re.S):
        columns = len(re.sub(r"\{[^{}]*\}", "", block[0]))
        for row in block[1].strip().split("\n"):
            inner = r"\\begin\{\w+\}(?:(?!\\begin).)*?\\end\{\w+\}"
            while re.search(inner, row):
                row = re.sub(inner, "", row)
            assert len(re.findall(r"(?<!\\)&", row)) == columns - 1, row


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX engine here")
def test_tex_takes_every_document(tmp_path):
    """All of them in one run, without an error, and no line sticks out of an article."""
    parts = []
    for name, words in EVERYTHING.items():
        text = written(words, "latex")
        assert all(letter.isascii() for letter in text.partition("\\begingroup")[2]), name
        parts.append(f"\\typeout{{== {name}}}\n{text if words[0] != 'diff' else chr(92) + '[' + text + chr(92) + ']'}")
    ascii_only = {label: number for label, number in HOSTILE_AT.items() if label != "ж1"}
    parts.append(document(explained(HOSTILE.replace("ж1", "_q__"), ascii_only, Options()), "latex"))
    body = "\n\\clearpage\n".join(parts)
    preamble = "\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n"
    (tmp_path / "all.tex").write_text(f"{preamble}{body}\n\\end{{document}}\n", "utf-8")
    subprocess.run(["pdflatex", "-interaction=nonstopmode", "-draftmode", "all.tex"], cwd=tmp_path, capture_output=True,
                   check=False, timeout=120)  # fmt: skip
    log = (tmp_path / "all.log").read_text("latin-1")
    assert re.findall(r"^!.*", log, re.M) == []
    sticking_out = [float(size) for size in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(sticking_out, default=0) < 2, sticking_out


@pytest.mark.parametrize("name", EVERYTHING)
def test_markdown_is_well_formed(name):
    """Tables have all their cells, every fence is closed, and forges take every command."""
    markdown_it = pytest.importorskip("markdown_it")
    text = written(EVERYTHING[name], "markdown")
    assert r"\operatorname" not in text
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
    kinds = [token.type for token in tokens]
    assert kinds.count("fence") == text.count("```math\n")
    assert kinds.count("table_open") == len(re.findall(r"^\| -", text, re.M))
    assert "html_block" not in kinds and "code_block" not in kinds
    for token in tokens:
        if token.type == "inline":
            assert "html_inline" not in {child.type for child in token.children}
    for rows in re.findall(r"(?:^\|.*\n?)+", text, re.M):
        lengths = {len(line) for line in rows.strip().split("\n") if line.isascii()}
        assert len(lengths) <= 1, rows


def test_a_program_of_many_lines_is_written():
    """No depth is too large, and the title is clipped."""
    deep = "sin(" * 5000 + "x" + ")" * 5000
    for kind in KINDS:
        assert len(document(explained(deep, {"x": 1.0}, Options()), kind)) < 40_000


def test_the_page_shows_what_is_written():
    """Its LaTeX and its Markdown are the answers of the command that it names; GRADCLI_REWRITE=1 writes them anew."""
    page = ROOT / "docs" / "documents.md"
    text = page.read_text("utf-8")
    shown = re.search(r"```console\n(\$ gradcli (.*) --format latex\n)(.*?)```\n", text, re.S)
    words = shlex.split(shown[2])
    latex, markdown = (written(words, kind) for kind in KINDS)
    start = text.index("### `f = ")
    if REWRITE:
        text = text.replace(shown[3], latex).replace(text[start:], markdown)
        page.write_text(text, "utf-8")
        return
    assert (shown[3], text[start:]) == (latex, markdown)
