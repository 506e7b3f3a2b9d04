/**
 * A conflict of states of a room could not be resolved, by what it is: it took too long, or more memory than there is for it.
 * So it goes for this room, and for no other.
 */
export class Unresolved extends Error {
  override readonly name: string = 'Unresolved';
}

/** It was not looked at, since its room rests: that says nothing of this one. */
export class NotTried extends Unresolved {
  override readonly name: string = 'NotTried';
}

/** It had no turn in time, since others were resolved. */
export class NoTurnYet extends NotTried {
  override readonly name = 'NoTurnYet';
}
