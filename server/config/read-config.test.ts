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
  [
    'a port that is none',
    ['--listen', '127.0.0.1:70000'],
    'The option --listen ("127.0.0.1:70000") has no such port.',
  ],
  ['no port', ['--listen', 'localhost'], 'The option --listen ("localhost") must be HOST:PORT.'],
  [
    'a word for a number',
    ['--rate-limits-read-burst', 'many'],
    'The option --rate-limits-read-burst ("many") must be a number.',
  ],
  [
    'a choice that there is not',
    ['--registration', 'opne'],
    'The option --registration ("opne") must be one of "open"|"token"|"closed".',
  ],
  ['an option without value', ['--data'], 'The option --data needs a value.'],
  [
    'an option that would swallow the next one',
    ['--presence', '--data', '/tmp/d5'],
    'The option --presence needs a value (true, false).',
  ],
  [
    'a missing file',
    ['--config', '/nowhere.yaml'],
    'The configuration file /nowhere.yaml is not there: write it, or name another one with --config.',
  ],
  [
    'a folder for a file',
    ['--config', '/'],
    'The configuration file / is a folder: name a file in it with --config.',
  ],
  [
    'a database that is no URL',
    ['--database', 'localhost'],
    'The option --database ("localhost") must be a URL such as postgresql://',
  ],
  [
    'half a cluster',
    ['--cluster-site', 'a'],
    'The key "cluster.listen" is missing: HOST:PORT where the fronts',
  ],
])('%s is refused in words', (_what, options, message) => {
  expect(() => read(options)).toThrow(message);
});

test('one bad environment variable is one sentence, with its name', () => {
  expect(() => read([], { FAROL_LISTEN: 'nonsense' })).toThrow(
    /^The environment variable FAROL_LISTEN \("nonsense"\) must be HOST:PORT\.$/,
  );
});

test.each([
  ['a list', '- serverName: x', 'holds a list ("- …"); each line must be a key with its value'],
  ['one word', 'example.org', 'holds a single value; each line must be a key with its value'],
])('a file that is %s is told what it must be', (_what, text, message) => {
  expect(() => read(['--config', fileWith(text)])).toThrow(message);
});

test.each([
  ['EXAMPLE.org', 'must be in lower case: example.org'],
  ['https://example.org', 'is a URL: leave out https://'],
  ['@alice:example.org', 'is a user id or a mail address'],
  ['my_server', 'has the character "_"'],
  ['example.org/matrix', 'has the character "/"'],
  ['HTTPS://example.org', 'is a URL: leave out HTTPS://'],
  ['matrix.b@d.org', 'is a user id or a mail address'],
  ['exämple.org', 'has the character "ä"'],
  ['example.org:99999', 'has no such port: 99999'],
  ['example.org:65536', 'has no such port: 65536'],
  ['example.org:123456', 'is no host name'],
  ['example.org:', 'is no host name'],
  ['[::1', 'is no host name'],
  ['x[::1]', 'is no host name'],
  ['fe80::1', 'is no host name, nor one with :PORT (an IPv6 address stands in [ ])'],
  ['', 'is empty'],
  [':8448', 'has no host before its port'],
  ['x'.repeat(231), 'is longer than 230 characters'],
])('the server name %s is refused, with what is wrong', (name, why) => {
  expect(() => read([`--server-name=${name}`])).toThrow(why);
});

test.each([
  'example.org',
  'matrix.example.org:8448',
  '[2001:db8::1]:8448',
  '10.0.0.1',
  'localhost',
  '[::1]',
  'a-0.example.org:65535',
  'x'.repeat(230),
])('the server name %s is one', (name) => {
  expect(read(['--server-name', name]).serverName).toBe(name);
});

test('the public URL is the same with and without a slash at its end', () => {
  expect(read(['--public-url', 'https://example.org/']).publicUrl).toBe('https://example.org');
  expect(() => read(['--public-url', 'example.org'])).toThrow('must be a URL that begins with');
});

test('a room version may be written as a number', () => {
  expect(read([]).defaultRoomVersion).toBe('12');
  expect(read(['--config', fileWith('defaultRoomVersion: 11')]).defaultRoomVersion).toBe('11');
  expect(() => read(['--default-room-version', '13'])).toThrow('--default-room-version ("13")');
});

test('the committed example is the one that the schema makes', () => {
  expect(readFileSync(EXAMPLE_FILE, 'utf8')).toBe(exampleConfig());
});

test('the example with its lines taken in is a configuration with nothing but defaults', () => {
  const [alone] = exampleConfig().split('#cluster:');
  const lines = alone!.split('\n').filter((line) => /^# *[a-zA-Z]+:( |$)/.test(line));
  const text = lines.map((line) => line.slice(1)).filter((line) => !OFF_UNLESS_SET.test(line));
  expect(read(['--config', fileWith(text.join('\n'))])).toEqual(read([]));
  expect(parse(text.join('\n'))).toMatchObject({ serverName: 'localhost' });
});

const OFF_UNLESS_SET =
  /^ *(publicUrl|s3|endpoint|region|bucket|prefix|pathStyle|accessKeyId|secretKeyFile|holdsFiles|scanning|clamd|icap|program|atOnce|withinSeconds|whenUnscanned|registrationSharedSecret|database|metricsListen|livekitServiceUrls|appServices|terms|urls|version|ldap|base|bindDn|bindPasswordFile|filter|\w+Attribute|email|host|port|security|user|passwordFile|from|fromName|language|templates|requiredToRegister|perHourMax|nextLinkHosts|name|ca|peers|allow|deny|allowNetworks|notaries|turn|keptDays|cacheFolder|uris|secret|lifeSeconds|support|page|serverNotices|localpart|displayName|avatarUrl|roomName|roomTopic|roomAvatarUrl|autoJoin|defaultDays|minDays|maxDays|policyServerKey|signIn|providers|clients|\w+UserId|\w+Email):/;

test('the key of a policy server is one of ed25519', () => {
  const key = '6yhHGKhCiXTSEN2ksjV7kX/N6rBQZ3Xb+M7LlC6NS+s';
  expect(read(['--policy-server-key', key]).policyServerKey).toBe(key);
  for (const wrong of [`${key}=`, key.slice(1), key.replace('/', '_')])
    expect(() => read(['--policy-server-key', wrong])).toThrow('must be an ed25519 public key');
});

test('several URLs stand in one key, and each must be one', () => {
  const turn = (uris: string) => read(['--turn-uris', uris, '--turn-secret', 'x']).turn;
  expect(turn('turn:a:3478, turns:b:443')).toEqual({
    uris: ['turn:a:3478', 'turns:b:443'],
    ...{ secret: 'x', lifeSeconds: 86_400 },
  });
  expect(() => turn('turn:a:3478,b')).toThrow('--turn-uris ("turn:a:3478,b") must be URIs');
  expect(() => read(['--turn-uris', 'turn:a:3478'])).toThrow('turn.secret');
});

test('terms are told by language, and a version may look like a number', () => {
  const urls = 'en=https://example.org/en, pt-BR=https://example.org/pt?a=b';
  const text = `terms: { urls: "${urls}", version: 2.10 }`;
  expect(read(['--config', fileWith(text)]).terms).toEqual({
    urls: { en: 'https://example.org/en', 'pt-BR': 'https://example.org/pt?a=b' },
    ...{ version: '2.1', name: 'Terms and conditions' },
  });
  expect(() => read(['--terms-urls', 'https://example.org/en'])).toThrow('must be LANGUAGE=URL');
});

function fileWith(text: string): string {
  const path = join(tmpdir(), `farol-config-${process.pid}-${Math.random()}.yaml`);
  writeFileSync(path, text);
  onTestFinished(() => rmSync(path));
  return path;
}
