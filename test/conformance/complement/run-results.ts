/** How a test ended; `unfinished` if it began and nothing was heard of its end. */
export type Outcome = 'pass' | 'fail' | 'skip' | 'unfinished';

/** By the name of the test, its subtests behind slashes. */
export type Results = ReadonlyMap<string, Outcome>;

interface GoEvent {
  readonly Action: string;
  readonly Test?: string;
  readonly Output?: string;
}

/**
 * What `go test -json` printed of one package. Throws where no test began: the suite was not
 * compiled, or what was read is something else.
 */
export function resultsOfRun(printed: string): Results {
  const results = new Map<string, Outcome>();
  for (const { Action, Test } of eventsOf(printed)) {
    if (Test === undefined) continue;
    if (Action === 'run') results.set(Test, 'unfinished');
    if (Action === 'pass' || Action === 'fail' || Action === 'skip') results.set(Test, Action);
  }
  if (results.size === 0)
    throw new Error(
      `No test has begun. Give the output of \`go test -json\`; this began with: ${printed.slice(0, 300)}`,
    );
  return results;
}

/** What the compiler says stands between the events as it is. */
const eventsOf = (printed: string): GoEvent[] =>
  printed.split('\n').flatMap((line) => (line.startsWith('{') ? eventOf(line) : []));

/** Of a run that was cut off the last line is not whole. */
function eventOf(line: string): GoEvent[] {
  try {
    return [JSON.parse(line) as GoEvent];
  } catch {
    return [];
  }
}
