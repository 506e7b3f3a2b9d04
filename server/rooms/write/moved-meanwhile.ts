/**
 * The room went out of memory, or moved on too often, while a change was made ready. Nothing was
 * built; the change is made ready again on the room as it is now.
 */
export class RoomChangedMeanwhile extends Error {
  override readonly name = 'RoomChangedMeanwhile';
}
