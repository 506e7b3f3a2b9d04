import { expect, test } from 'vitest';
import { greeting, type Welcome } from './greeting.ts';
import { originForClients } from './origin-for-clients.ts';

test('as long as nobody has an account, it says that localhost is for ever, and how to begin with another name', () => {
  const lines = said({}, { hasAccounts: false });
  expect(lines).toContain(
    'Users of this server are @name:localhost, and a server name is for ever.',
  );
  expect(lines).toContain('stop Farol, remove ./data, and start with: npm start -- --server-name');
  expect(said({}, { hasAccounts: true })).not.toContain('for ever');
  expect(said({ serverName: 'example.org' }, { hasAccounts: false })).not.toContain('for ever');
  expect(said({ database: 'postgresql://x/y' }, {})).toContain('empty the database');
});

test('a server on all addresses guesses one by which it can be reached, and says that it is a guess', () => {
  expect(originForClients('http://127.0.0.1:8008')).toBe('http://127.0.0.1:8008');
  for (const origin of ['http://0.0.0.0:8008', 'http://[::]:8008']) {
    expect(originForClients(origin)).toMatch(/^http:\/\/(?!0\.)\d+\.\d+\.\d+\.\d+:8008$/);
  }
  expect(said({ listen: '0.0.0.0:8008' })).toContain('That URL is a guess: --public-url');
  expect(said({ listen: '0.0.0.0:8008', publicUrl: 'https://x.org' })).not.toContain('guess');
  expect(said({})).not.toContain('guess');
});

function said(config: Partial<Welcome['config']>, rest: Partial<Welcome> = {}): string {
  return greeting({
    config: {
      serverName: 'localhost',
      registration: 'token',
      data: './data',
      listen: '127.0.0.1:8008',
      ...config,
    },
    publicUrl: 'http://127.0.0.1:8008',
    registrationToken: 'TOKEN',
    hasAccounts: false,
    ...rest,
  });
}
