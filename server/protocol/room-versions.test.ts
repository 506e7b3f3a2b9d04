import { expect, test } from 'vitest';
import {
  DEFAULT_ROOM_VERSION,
  type RoomVersionRules,
  roomVersions,
  rulesOf,
} from './room-versions.ts';

test('all versions from 1 to 12 are known, and no other', () => {
  expect(roomVersions()).toEqual(Array.from({ length: 12 }, (_, i) => String(i + 1)));
  expect(roomVersions().map((version) => rulesOf(version)!.version)).toEqual(roomVersions());
  for (const other of ['', '0', '13', '1.0', 'org.matrix.msc2176', '__proto__']) {
    expect(rulesOf(other)).toBeUndefined();
  }
  expect(rulesOf(DEFAULT_ROOM_VERSION)).toBeDefined();
});

/** Of each flag the value in versions 1 to 12, as the pages of the specification have it. */
const table: Record<Exclude<keyof RoomVersionRules, 'version'>, readonly unknown[]> = {
  eventIdForm: [...times(2, 'given'), 'hash-base64', ...times(9, 'hash-url-safe')],
  stateResolution: ['v1', ...times(10, 'v2'), 'v2.1'],
  redactionForm: [...times(5, 'v1'), 'v6', 'v6', 'v8', 'v9', 'v9', 'v11', 'v11'],
  redactionAuthRule: upTo(2),
  redactsInContent: from(11),
  aliasesRule: upTo(5),
  keyValidityPeriod: from(5),
  strictCanonicalJson: from(6),
  notificationsPowerLevels: from(6),
  knocking: from(7),
  restrictedJoins: from(8),
  knockRestricted: from(10),
  integerPowerLevels: from(10),
  implicitRoomCreator: from(11),
  strictByteLimits: from(11),
  createIsRoomId: from(12),
  creatorsHaveInfinitePower: from(12),
};

test.each(Object.entries(table))('%s', (flag, values) => {
  const found = roomVersions().map((version) => rulesOf(version)![flag as keyof RoomVersionRules]);
  expect(found).toEqual(values);
});

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

function from(version: number): boolean[] {
  return Array.from({ length: 12 }, (_, i) => i + 1 >= version);
}

function upTo(version: number): boolean[] {
  return Array.from({ length: 12 }, (_, i) => i + 1 <= version);
}
