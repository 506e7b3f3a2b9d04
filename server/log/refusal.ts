import { FENCE_NAME } from './batch.ts';
import { NotEncodable } from './column.ts';
import { NotWriter, OutcomeUnknown } from './log.ts';
import { RefusedBySql } from './writer-connection.ts';

/** Data exceptions, violated constraints, limits of the program; and 42: a statement of ours is wrong. */
const POISON = new Set(['22', '23', '54', '42']);

/** Resources, sessions that are ended, a standby, deadlocks: it lies with the database, not with the changes. */
const BESIDE_THE_CHANGES = new Set(['08', '25', '40', '53', '55', '57', '58']);
const PROTOCOL_VIOLATION = '08P01';

export function isPoison(error: unknown): error is RefusedBySql | NotEncodable {
  if (error instanceof NotEncodable) return true;
  return error instanceof RefusedBySql && !isFenced(error) && POISON.has(classOf(error));
}

/**
 * What the changes of a batch are told that ended its writer. Where the refusal has nothing to do
 * with them they may run elsewhere. Of any other error each may be the reason: they count as
 * unknown, which is repeated twice and no more, or one request would end all writers in turn (D1).
 */
export function rejectionOf(error: unknown): Error {
  return error instanceof RefusedBySql && (isLostEpoch(error) || isBesideTheChanges(error))
    ? new NotWriter('The writer is ending; this change was not executed', { cause: error })
    : new OutcomeUnknown('The writer lost its commit', { cause: error });
}

const isFenced = ({ statement }: RefusedBySql) => statement === FENCE_NAME;

/** It raises where the row did not move: another epoch has begun. */
const isLostEpoch = (error: RefusedBySql) => isFenced(error) && error.sqlstate === '22012';

const isBesideTheChanges = (error: RefusedBySql) =>
  error.sqlstate !== PROTOCOL_VIOLATION && BESIDE_THE_CHANGES.has(classOf(error));

const classOf = ({ sqlstate }: RefusedBySql) => sqlstate.slice(0, 2);
