"""How signs and commands of formulas are written on a keyboard. Tables only.

Signs that stand here are read by their names; all others stay as they are.
"""

from __future__ import annotations

_SMALL = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "
    "sigma tau upsilon phi chi psi omega"
).split()
GREEK = (
    dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _SMALL, strict=True))
    | {
        char: name.capitalize()
        for char, name in zip("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", _SMALL, strict=True)
        if char in "ΓΔΘΛΞΠΣΦΨΩ"
    }
    | {"ϵ": "epsilon", "ϑ": "theta", "ϕ": "phi", "ϱ": "rho", "ς": "sigma", "∆": "Delta"}
)
"""Greek letters by sign; capitals only where no Latin letter looks the same."""

SIGNS = {
    "∑": "sum",
    "∇": "grad",
    "∏": "product",
    "∫": "integral",
    "∞": "infinity",
    "∝": "proportional to",
    "≤": "<=",
    "⩽": "<=",
    "≥": ">=",
    "⩾": ">=",
    "≠": "!=",
    "≪": "<<",
    "≫": ">>",
    "∼": "~",
    "⟹": "⇒",
    "∣": "|",
    "′": "'",
    "≃": "≈",
    "‖": "||",
    "∥": "||",
    "ℓ": "l",
    "ℝ": "R",
    "𝔼": "E",
    "ℒ": "L",
}
"""Other signs, and what is read in their place."""

TIMES = "×⋅∗∙⊙"
"""Signs of a product, of whichever kind, but for the dot in the middle."""

ACCENTS = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde"}
"""Signs above a letter that stands for a quantity."""

SUPERSCRIPTS = dict(
    zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀᵏᵗˣʸᵐᵈᵃᵇˡʰ⊤", "0123456789+-=()niTktxymdablhT", strict=True)
)
SUBSCRIPTS = dict(
    zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-=()aehijklmnoprstuvx", strict=True)
)

FUNCTIONS = (
    "log ln exp sqrt max min argmax argmin softmax sigmoid tanh sinh cosh sin cos tan sign sup inf "
    "lim det dim ker Pr gcd deg arg softplus relu"
).split()
"""Functions that LaTeX knows, or that people make its commands, and that libraries hold."""

LATEX = (
    {name: name for name in (*_SMALL, *FUNCTIONS) if name != "sqrt"}
    | {name: name for name in GREEK.values()}
    | {f"var{name}": name for name in ("epsilon", "theta", "phi", "rho", "sigma", "pi")}
    | {
        "cdot": "·",
        "times": "×",
        "ast": "·",
        "odot": "·",
        "div": "÷",
        "sum": "sum",
        "prod": "product",
        "int": "integral",
        "infty": "infinity",
        "propto": "proportional to",
        "le": "<=",
        "leq": "<=",
        "leqslant": "<=",
        "ge": ">=",
        "geq": ">=",
        "geqslant": ">=",
        "ne": "!=",
        "neq": "!=",
        "ll": "<<",
        "gg": ">>",
        "sim": "~",
        "approx": "≈",
        "simeq": "≈",
        "pm": "±",
        "to": "→",
        "rightarrow": "→",
        "longrightarrow": "→",
        "mapsto": "→",
        "leftarrow": "←",
        "leftrightarrow": "↔",
        "uparrow": "↑",
        "downarrow": "↓",
        "star": "*",
        "notin": "∉",
        "cup": "∪",
        "cap": "∩",
        "Rightarrow": "⇒",
        "implies": "⇒",
        "iff": "⇔",
        "in": "∈",
        "subset": "⊂",
        "forall": "∀",
        "exists": "∃",
        "circ": "∘",
        "nabla": "grad",
        "mid": "|",
        "vert": "|",
        "lvert": "|",
        "rvert": "|",
        "Vert": "||",
        "lVert": "||",
        "rVert": "||",
        "langle": "<",
        "rangle": ">",
        "top": "T",
        "intercal": "T",
        "ell": "l",
        "prime": "'",
        "ldots": "⋯",
        "cdots": "⋯",
        "dots": "⋯",
    }
)
"""Commands of LaTeX, and what is read in their place."""
