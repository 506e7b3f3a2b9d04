import { refuse } from '../../support/by-hand.ts';
import { UnreadableResults } from '../../support/recorded.ts';
import { readRecorded, writeShown } from './files.ts';

// `npm run compare:show`: draws the pictures and writes the tables of README.md and docs/measured.md anew.

try {
  const [outages, costs] = process.argv.slice(2);
  writeShown(readRecorded(outages, costs));
} catch (error) {
  if (!(error instanceof UnreadableResults)) throw error;
  refuse(error.message);
}
