import { join } from 'node:path';
import { buildRelease } from './build.ts';

// `npm run release`: the archive for hosts without internet, in .cache/release.

const checkout = join(import.meta.dirname, '../..');
const into = join(checkout, '.cache/release');
const { name, archive, sha256 } = buildRelease({ checkout, into, say: console.log });
console.log(`${archive}\nsha256 ${sha256}\nbill of materials ${name}.cdx.json`);
