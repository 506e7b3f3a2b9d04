import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { exampleConfig } from './example.ts';
import { EXAMPLE_FILE } from './generate.ts';
import { ConfigError, readConfig } from './read-config.ts';

const read = (options: string[], environment: Record<string, string> = {}) =>
  readConfig({ options, environment });

test('without any configuration every key has its default', () => {
  expect(read([])).toMatchObject({
    serverName: 'localhost',
    data: './data',
    listen: '127.0.0.1:8008',
    registration: 'token',
    rateLimits: { enabled: true, write: { perSecond: 10 } },
  });
  expect(read([]).cluster).toBeUndefined();
});

test('options win over environment variables, these over the file', () => {
  const file = fileWith('serverName: file.example\ndata: /file\nlisten: 127.0.0.1:1');
  const config = read(['--config', file, '--server-name', 'option.example'], {
    FAROL_SERVER_NAME: 'variable.example',
    FAROL_DATA: '/variable',
    PATH: '/bin',
  });
  expect(config).toMatchObject({
    serverName: 'option.example',
    data: '/variable',
    listen: '127.0.0.1:1',
  });
});

test('nested keys, numbers and switches can be given as options', () => {
  const config = read(['--rate-limits-enabled=false', '--rate-limits-read-burst', '7']);
  expect(config.rateLimits).toMatchObject({ enabled: false, read: { burst: 7, perSecond: 50 } });
});

test.each<[string, string[], Record<string, string>, string]>([
  ['key', ['--config', 'FILE'], {}, 'no key "servername"; the nearest is "serverName"'],
  ['option', ['--sever-name', 'x'], {}, 'no option --sever-name; the nearest is --server-name'],
  [
    'environment variable',
    [],
    { FAROL_LISTENS: 'x' },
    'no environment variable FAROL_LISTENS; the nearest is FAROL_LISTEN',
  ],
])('a wrong %s is named, with the nearest right one', (_what, options, environment, message) => {
  const file = fileWith('servername: example.org');
  const given = options.map((option) => (option === 'FILE' ? file : option));
  expect(() => read(given, environment)).toThrow(ConfigError);
  expect(() => read(given, environment)).toThrow(message);
});

test('a wrong key of a section is named with its section', () => {
  const file = fileWith('rateLimits: { reed: { burst: 1 } }');
  expect(() => read(['--config', file])).toThrow(
    'no key "rateLimits.reed"; the nearest is "rateLimits.read"',
  );
});

test.each([
  ['a port that is none', ['--listen', '127.0.0.1:70000'], 'The key "listen": no such port'],
  ['no port', ['--listen', 'localhost'], 'The key "listen": expected HOST:PORT'],
  ['a word for a number', ['--rate-limits-read-burst', 'many'], 'rateLimits.read.burst'],
  ['an option without value', ['--data'], 'The option --data needs a value'],
  ['a missing file', ['--config', '/nowhere.yaml'], 'The configuration file /nowhere.yaml'],
  ['half a cluster', ['--cluster-site', 'a'], 'cluster.listen'],
])('%s is refused in words', (_what, options, message) => {
  expect(() => read(options)).toThrow(message);
});

test('the committed example is the one that the schema makes', () => {
  expect(readFileSync(EXAMPLE_FILE, 'utf8')).toBe(exampleConfig());
});

test('the example with its lines taken in is a configuration with nothing but defaults', () => {
  const [alone] = exampleConfig().split('#cluster:');
  const lines = alone!.split('\n').filter((line) => /^# *[a-zA-Z]+:( |$)/.test(line));
  const text = lines
    .map((line) => line.slice(1))
    .filter((line) => !/^(publicUrl|database|metricsListen):/.test(line));
  expect(read(['--config', fileWith(text.join('\n'))])).toEqual(read([]));
  expect(parse(text.join('\n'))).toMatchObject({ serverName: 'localhost' });
});

function fileWith(text: string): string {
  const path = join(tmpdir(), `farol-config-${process.pid}-${Math.random()}.yaml`);
  writeFileSync(path, text);
  onTestFinished(() => rmSync(path));
  return path;
}
