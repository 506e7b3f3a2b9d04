import { RESULTS_FILE } from '../options.ts';
import { readResults, UnreadableResults } from '../results.ts';
import { writeShown } from './files.ts';

// `npm run compare:show`: draws the pictures and writes the tables of README.md and docs/measured.md anew.

try {
  writeShown(readResults(process.argv[2] ?? RESULTS_FILE).runs);
} catch (error) {
  if (!(error instanceof UnreadableResults)) throw error;
  console.error(error.message);
  process.exit(1);
}
