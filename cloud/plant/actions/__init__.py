"""What changes the plant: the plant file is loaded, signals are bound, days and standards change."""

from cloud.plant.actions.bind import Meaning, bind, change_binding, end_binding
from cloud.plant.actions.calendar import (
    add_calendar_exception,
    calendar_exceptions,
    remove_calendar_exception,
    shifts_that_take_place,
)
from cloud.plant.actions.hand_over import HandedOver, hand_over, move_machines, take_back
from cloud.plant.actions.load import PlantFileWrong, load_plant_file, read_plant_file
from cloud.plant.actions.shift_versions import change_shift, shift_patterns, withdraw_shift_version
from cloud.plant.actions.standards import set_minor_stop, set_routing_cycle

__all__ = [
    "HandedOver",
    "Meaning",
    "PlantFileWrong",
    "add_calendar_exception",
    "bind",
    "calendar_exceptions",
    "change_binding",
    "change_shift",
    "end_binding",
    "hand_over",
    "load_plant_file",
    "move_machines",
    "read_plant_file",
    "remove_calendar_exception",
    "set_minor_stop",
    "set_routing_cycle",
    "shift_patterns",
    "shifts_that_take_place",
    "take_back",
    "withdraw_shift_version",
]
