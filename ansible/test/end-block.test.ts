import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE } from './ansible.ts';

// What becomes of the program that turns other sites away where the third fence was switched off.

const DISABLE = '--quiet disable --now farol-block.service';
const ENABLE = '--quiet enable --now farol-block.service';

test('where nothing is blocked it is ended for good', () => {
  expect(endBlock()).toEqual({ said: 'ended\n', asked: [DISABLE] });
});

test('a block that stands keeps what can take it back', () => {
  expect(endBlock({ noted: true })).toEqual({ said: 'a block stands\n', asked: [] });
});

test('so does one that came while it was ended', () => {
  expect(endBlock({ notedMeanwhile: true })).toEqual({
    said: 'a block stands\n',
    asked: [DISABLE, ENABLE],
  });
});

test('it is asked once all agents run without the fence', () => {
  const site = readFileSync(join(ANSIBLE, 'site.yml'), 'utf8');
  expect(site.indexOf('tasks_from: unfenced')).toBeGreaterThan(site.indexOf('roll.yml'));
  const tasks = readFileSync(join(ANSIBLE, 'roles/farol/tasks/main.yml'), 'utf8');
  expect(tasks).not.toContain('farol_block_note');
});

/** Beside a `systemctl` that writes down what it is asked, and by which somebody may have blocked. */
function endBlock({ noted = false, notedMeanwhile = false } = {}) {
  const folder = temporaryFolder();
  const [note, asked] = [join(folder, 'block.nft'), join(folder, 'asked')];
  const block = notedMeanwhile ? `[ "$2" = enable ] || touch '${note}'` : ':';
  const systemctl = `#!/bin/sh\necho "$*" >> '${asked}'\n${block}\n`;
  writeFileSync(join(folder, 'systemctl'), systemctl, { mode: 0o755 });
  if (noted) writeFileSync(note, '');
  const said = execFileSync('/bin/sh', [join(ANSIBLE, 'roles/farol/files/end-block'), note], {
    env: { PATH: `${folder}:${process.env.PATH}` },
    encoding: 'utf8',
  });
  const lines = existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : [];
  return { said, asked: lines };
}
