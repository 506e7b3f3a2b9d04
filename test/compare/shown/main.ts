import { UnreadableResults } from '../../support/recorded.ts';
import { RESULTS_FILE } from '../options.ts';
import { RUNS } from '../results.ts';
import { writeShown } from './files.ts';

// `npm run compare:show`: draws the pictures and writes the tables of README.md and docs/measured.md anew.

try {
  writeShown(RUNS.read(process.argv[2] ?? RESULTS_FILE));
} catch (error) {
  if (!(error instanceof UnreadableResults)) throw error;
  console.error(error.message);
  process.exit(1);
}
