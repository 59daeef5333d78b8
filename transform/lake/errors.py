"""Space to work in."""


class NoRoom(Exception):
    """The scratch disk or the memory is full. Nothing is lost: the next run does it again."""
