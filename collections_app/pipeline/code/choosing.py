"""Which symbols are wanted: the filters of the command line, as Symbex has them."""

from dataclasses import dataclass

from .symbols import FUNCTION, METHOD, MODULE, Symbol

CLASS = "class"  # and what other languages have for it
KINDS = (FUNCTION, METHOD, CLASS)


@dataclass(frozen=True)
class Wanted:
    """A symbol is taken that meets all of it; None is for what does not matter.

    `typed` is of "typed", "untyped", "partially" and "fully"; what takes no types meets none.
    `access` is of "public", "private" and "dunder" (`__str__`, public too).
    """

    kinds: frozenset[str] = frozenset(KINDS)
    is_async: bool | None = None
    documented: bool | None = None
    typed: str | None = None
    access: str | None = None
    init: bool = True

    def takes(self, symbol: Symbol) -> bool:
        return (
            symbol.kind != MODULE
            and (CLASS if symbol.is_type else symbol.kind) in self.kinds
            and self._is_async(symbol)
            and self.documented in (None, symbol.documented)
            and self._is_typed(symbol)
            and self._is_open(symbol)
            and (self.init or symbol.own_name != "__init__")
        )

    def _is_async(self, symbol: Symbol) -> bool:
        return self.is_async is None or (not symbol.is_type and symbol.is_async == self.is_async)

    def _is_typed(self, symbol: Symbol) -> bool:
        match self.typed:
            case None:
                return True
            case "typed":
                return symbol.typed in ("partially", "fully")
            case "untyped":
                return symbol.typed == "no"
            case _:
                return symbol.typed == self.typed

    def _is_open(self, symbol: Symbol) -> bool:
        match self.access:
            case None:
                return True
            case "dunder":
                return symbol.own_name.startswith("__") and symbol.own_name.endswith("__")
            case _:
                return symbol.public == (self.access == "public")
