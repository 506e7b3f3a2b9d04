import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildRelease } from '../../../ansible/release/build.ts';

// `npm run complement:image` makes the image `farol-complement` of what is committed.

const IMAGE = 'farol-complement';
const here = import.meta.dirname;
const context = mkdtempSync(join(tmpdir(), 'farol-complement-'));
try {
  const checkout = join(here, '../../..');
  const { name } = buildRelease({ checkout, into: context, say: console.log });
  for (const file of ['Dockerfile', 'start']) cpSync(join(here, file), join(context, file));
  const options = ['build', '--tag', IMAGE, '--build-arg', `RELEASE=${name}`, context];
  const { status } = spawnSync('docker', options, { stdio: 'inherit' });
  if (status !== 0) throw new Error('The image was not made: `docker build` says why, above');
  console.log(`COMPLEMENT_BASE_IMAGE=${IMAGE} holds ${name}`);
} finally {
  rmSync(context, { recursive: true });
}
