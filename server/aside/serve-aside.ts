import { writeFileSync } from 'node:fs';

/** In the process aside: hears what it is told, and gives what it says it by. It ends with the server. */
export function serveAside<Told, Said>(hear: (told: Told) => void): (said: Said) => void {
  firstToGo();
  process.on('message', hear);
  process.on('disconnect', () => process.exit());
  process.send!('ready');
  return (said) => void process.send?.(said);
}

/** Where memory ends, this is what the kernel takes, and not the writer. It may be forbidden. */
function firstToGo(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '800');
  } catch {}
}
