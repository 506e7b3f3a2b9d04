/**
 * What etcd 3.5 says at its end when its data are at fault, and no other start would end otherwise: seen with a log, a
 * database and a folder damaged one by one (test/cluster/faults/etcd-damaged.test.ts), the others read in its sources. What a
 * full disk, a certificate or a wrong setting makes it say is not among them; nor that its database is another than that of
 * a peer, since it cannot know which of the two is damaged.
 */
const DAMAGED: readonly (readonly [RegExp, string])[] = [
  [/tocommit\(\d+\) is out of range/, 'its log has lost what it had confirmed'],
  [/walpb: crc mismatch|wal: crc mismatch/, 'its log is damaged'],
  [
    /failed to read WAL, cannot be repaired|wal: (file not found|metadata conflict|slice bounds)/,
    'its log is damaged',
  ],
  [
    /failed to find database snapshot file|snap: no available snapshot|failed to recover v3 backend from snapshot/,
    'its snapshot is lost or damaged',
  ],
  [
    /assertion failed: Page expected to be|page \d+ already freed|freelist|unexpected fault address|SIGBUS/,
    'its database is damaged',
  ],
  [
    /"error":"(invalid database|version mismatch|checksum error|file size too small)"/,
    'its database is damaged',
  ],
  [/has already been bootstrapped/, 'its data are lost'],
];

/** Only an end tells: what a member that went on said before is no sign of anything. */
export function damageIn(lastWords: string): string | null {
  const isEnd = /^panic: |^fatal error: |^unexpected fault address|"level":"(fatal|panic)"/m;
  if (!isEnd.test(lastWords)) return null;
  const said = withoutStacks(lastWords.slice(lastWords.search(isEnd)));
  return DAMAGED.find(([words]) => words.test(said))?.[1] ?? null;
}

/** What its threads were about when it ended is no reason of the end. */
const withoutStacks = (words: string): string => words.split(/^goroutine \d+ /m)[0]!;

/** It was told that it is no member any more, and ended; etcd calls that no error. */
export const wasRemovedIn = (lastWords: string): boolean =>
  /data-dir used by this member must be removed|the member has been permanently removed from the cluster/.test(
    lastWords,
  );
