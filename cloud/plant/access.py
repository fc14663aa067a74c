"""What routes take to know the plant's time."""

from typing import Annotated

from fastapi import Depends, Request

from wire.clock import PlantClock


async def plant_clock(request: Request) -> PlantClock:
    """The application's plant clock."""
    clock: PlantClock = request.app.state.clock
    return clock


Clock = Annotated[PlantClock, Depends(plant_clock)]
