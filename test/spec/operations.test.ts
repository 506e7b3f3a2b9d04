import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operationsOfSpecification, SPEC_IS_HERE } from './from-specification.ts';
import { readTable, specOperations, TABLE, writeTable } from './operations.ts';

test('the table has every operation of both APIs, once, and is read as it was written', () => {
  const text = readFileSync(TABLE, 'utf8');
  expect(writeTable(readTable(text))).toBe(text);
  const clients = specOperations('client-server');
  expect(new Set(clients.map(({ operation }) => operation)).size).toBe(clients.length);
  expect(clients).toContainEqual({
    ...{ api: 'client-server', method: 'POST', path: '/_matrix/client/v3/login' },
    ...{ auth: 'none', limited: true, operation: 'login' },
  });
  expect(specOperations('server-server').length).toBeGreaterThan(0);
});

test.skipIf(!SPEC_IS_HERE)("the table says what the specification's own data say", () => {
  expect(readTable(readFileSync(TABLE, 'utf8'))).toEqual(operationsOfSpecification());
});
