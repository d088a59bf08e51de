"""Deep transitions: more than one cell between two times."""

from collections.abc import Sequence

from attnmt.layers.attention import Tensor
from attnmt.layers.cell import Cell, CellState, Recurrence


class DeepTransition(Recurrence):
    """Cells that the state goes through one after the other, at each time anew.

    Only the first has inputs, Miceli Barone et al. (2017), section 2.3.2. Recurrent
    dropout leaves out the same numbers for all of them.
    """

    def __init__(self, first: Cell, further: Sequence[Cell]) -> None:
        super().__init__()
        self.first, self.further = first, list(further)
        self.units, self.gates, self.states = first.units, first.gates, first.states
        self.built = True

    def project(self, inputs: Tensor) -> Tensor:
        return self.first.project(inputs)

    def normalise(self, projected: Tensor) -> Tensor:
        return self.first.normalise(projected)

    def advance(
        self, gates: Tensor, state: CellState, mask: Tensor | None
    ) -> tuple[Tensor, CellState]:
        output, state = self.first.advance(gates, state, mask)
        for cell in self.further:
            output, state = cell.advance(cell.without_inputs(output), state, mask)
        return output, state
