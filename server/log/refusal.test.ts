import pg from 'pg';
import { expect, test } from 'vitest';
import { FENCE_NAME } from './batch.ts';
import { NotEncodable } from './column.ts';
import { NotWriter, OutcomeUnknown } from './log.ts';
import { isPoison, rejectionOf } from './refusal.ts';
import { CommitUnknown, RefusedBySql } from './writer-connection.ts';

test.each([
  ['22021', true],
  ['23505', true],
  ['42P01', true],
  ['54000', true],
  ['57P01', false],
  ['XX000', false],
])('%s is poison: %s; by the fence it never is', (code, expected) => {
  expect(isPoison(refusedBySql(code))).toBe(expected);
  expect(isPoison(refusedBySql(code, FENCE_NAME))).toBe(false);
});

test('what does not fit its column is poison, and no other error of the program is', () => {
  expect([isPoison(new NotEncodable()), isPoison(new RangeError())]).toEqual([true, false]);
});

test.each([
  ['a lost epoch', refusedBySql('22012', FENCE_NAME)],
  ['a session that was ended', refusedBySql('57P01')],
  ['a full disk', refusedBySql('53100')],
  ['a lost connection, told by the database', refusedBySql('08006')],
  ['a standby', refusedBySql('25006')],
  ['a deadlock', refusedBySql('40P01')],
])('%s has nothing to do with the changes: they may run elsewhere', (_what, error) => {
  expect(rejectionOf(error)).toBeInstanceOf(NotWriter);
});

test.each([
  ['an internal error', refusedBySql('XX000')],
  ['a violation of the protocol', refusedBySql('08P01')],
  ['what nobody thought of', refusedBySql('0A000')],
  ['division by zero in a change of ours', refusedBySql('22012')],
  ['a lost connection', new CommitUnknown()],
  ['an error of the program', new RangeError()],
])('%s may lie with any of the changes: they count as unknown', (_what, error) => {
  expect(rejectionOf(error)).toBeInstanceOf(OutcomeUnknown);
});

function refusedBySql(code: string, statement = 'any') {
  return new RefusedBySql(
    Object.assign(new pg.DatabaseError('no', 2, 'error'), { code }),
    statement,
  );
}
