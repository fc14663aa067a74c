"""What routes take to answer those together who ask the same."""

from typing import Annotated

from fastapi import Depends, Request

from cloud.oee.queries import Moments


async def shared_moments(request: Request) -> Moments:
    """The application's moments, made at the first call."""
    state = request.app.state
    if not hasattr(state, "oee_moments"):
        state.oee_moments = Moments(state.db, state.clock)
    moments: Moments = state.oee_moments
    return moments


SharedMoments = Annotated[Moments, Depends(shared_moments)]
