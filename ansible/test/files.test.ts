import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ANSIBLE_IS_HERE, ansible } from './ansible.ts';

// The module that writes all of a role's files in one call.

vi.setConfig({ testTimeout: 300_000 });

const onlyWithAnsible = test.skipIf(!ANSIBLE_IS_HERE);

onlyWithAnsible(
  'files, folders and links are written, as told; a second run and a dry one change nothing',
  async () => {
    const at = emptyFolder();
    const told = [
      { path: at('folder'), mode: '0750' },
      { path: at('folder/secret'), content: 'one\n', mode: '0600' },
      { path: at('current'), link: 'folder' },
    ];
    const dry = await write(told, '--check', '--diff');
    expect(dry.said).toContain('changed=1');
    expect(dry.printed).toContain('+one');
    expect(existsSync(at('folder'))).toBe(false);

    expect((await write(told)).said).toContain('changed=1');
    expect(modeOf(at('folder'))).toBe('750');
    expect(modeOf(at('folder/secret'))).toBe('600');
    expect(readFileSync(at('current/secret'), 'utf8')).toBe('one\n');
    const inode = statSync(at('folder/secret')).ino;

    expect((await write(told)).said).toContain('changed=0');
    expect(statSync(at('folder/secret')).ino).toBe(inode);
    expect((await write(told, '--check')).said).toContain('changed=0');
  },
);

onlyWithAnsible(
  'of a file that others write too only the block is written, where it was; its mode is kept',
  async () => {
    const at = emptyFolder();
    const block = (lines: string) => [{ path: at('hosts'), marker: 'sites', block: lines }];
    writeFileSync(at('hosts'), '127.0.0.1 localhost', { mode: 0o640 });
    expect((await write(block('a\n'))).said).toContain('changed=1');
    writeFileSync(at('hosts'), `${readFileSync(at('hosts'), 'utf8')}192.0.2.1 other\n`);
    expect((await write(block('b\nc\n'), '--check', '--diff')).printed).toContain('+c');
    expect((await write(block('b\nc\n'))).said).toContain('changed=1');
    expect((await write(block('b\nc\n'))).said).toContain('changed=0');
    expect(readFileSync(at('hosts'), 'utf8')).toBe(
      '127.0.0.1 localhost\n# BEGIN sites\nb\nc\n# END sites\n192.0.2.1 other\n',
    );
    expect(modeOf(at('hosts'))).toBe('640');
  },
);

onlyWithAnsible(
  'what somebody changed is put back: the text, the mode, and where a link leads',
  async () => {
    const at = emptyFolder();
    const told = [
      { path: at('text'), content: 'as told\n' },
      { path: at('mode'), content: 'as told\n', mode: '0600' },
      { path: at('link'), link: 'text' },
    ];
    await write(told);
    writeFileSync(at('text'), 'by hand\n');
    execFileSync('chmod', ['644', at('mode')]);
    execFileSync('ln', ['-sfn', 'mode', at('link')]);
    const dry = await write(told, '--check', '--diff');
    expect(dry.printed).toContain('-by hand');
    expect(readFileSync(at('text'), 'utf8')).toBe('by hand\n');
    expect(modeOf(at('mode'))).toBe('644');

    expect((await write(told)).said).toContain('changed=1');
    expect(readFileSync(at('text'), 'utf8')).toBe('as told\n');
    expect(modeOf(at('mode'))).toBe('600');
    expect(readFileSync(at('link'), 'utf8')).toBe('as told\n');
  },
);

onlyWithAnsible(
  'what is to be gone goes, and of a folder all that may not be there; a dry run takes nothing',
  async () => {
    const at = emptyFolder();
    for (const folder of ['told', 'told/letters', 'gone', 'gone/deep']) mkdirSync(at(folder));
    for (const file of ['told/kept', 'told/password', 'told/letters/one', 'gone/deep/key'])
      writeFileSync(at(file), 'as told\n');
    const told = [
      { path: at('told'), only: ['kept', 'new', 'letters'] },
      { path: at('told/new'), content: 'new\n' },
      { path: at('told/letters'), only: [] },
      { path: at('gone'), absent: true },
      { path: at('never'), absent: true },
    ];
    expect((await write(told, '--check')).said).toContain('changed=1');
    expect(readdirSync(at('told'))).toEqual(['kept', 'letters', 'password']);
    expect(existsSync(at('gone/deep/key'))).toBe(true);

    expect((await write(told)).said).toContain('changed=1');
    expect(readdirSync(at('told'))).toEqual(['kept', 'letters', 'new']);
    expect(readdirSync(at('told/letters'))).toEqual([]);
    expect(existsSync(at('gone'))).toBe(false);
    expect((await write(told)).said).toContain('changed=0');
  },
);

onlyWithAnsible('a folder in the place of a file is left, and named', async () => {
  const at = emptyFolder();
  mkdirSync(at('text'));
  const { status, said } = await write([{ path: at('text'), content: 'as told\n' }]);
  expect(said).toContain('is a folder: move it away');
  expect(status).not.toBe(0);
  expect(statSync(at('text')).isDirectory()).toBe(true);
});

interface Told {
  readonly path: string;
  readonly [key: string]: string | boolean | readonly string[];
}

function write(files: readonly Told[], ...options: string[]) {
  const owner = userInfo().username;
  const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  const told = files.map((each) => ({ owner, group, ...each }));
  return ansible(
    'ansible-playbook',
    '--extra-vars',
    JSON.stringify({ told }),
    ...options,
    'test/files.yml',
  );
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

function emptyFolder(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'farol-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return (name) => join(folder, name);
}
