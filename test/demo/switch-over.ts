import type { CommandResult } from '../cluster/support/engine.ts';

/** A site of the demo, as far as an order needs it. */
export interface Orderly {
  readonly name: string;
  run(command: readonly string[]): Promise<CommandResult>;
}

/**
 * Asks the agent of a site to hand over to another, or, where that leads already, to whichever may
 * lead next. Says how it went in the agent's own words.
 */
export async function switchOver(
  asked: Orderly,
  chosen: string,
  leader: string | null,
): Promise<string> {
  const to = chosen === leader ? null : chosen;
  const post = ['-sS', '-m', '70', '-X', 'POST', '-H', 'content-type: application/json'];
  const { stdout, stderr } = await asked.run([
    ...['curl', ...post, '-d', JSON.stringify({ to })],
    ...['--unix-socket', '/run/farol/agent/agent.sock', 'http://agent/v1/switchover'],
  ]);
  const { accepted, text } = answered(stdout) ?? { text: stderr.trim() };
  if (accepted) return `Switched over: ${text ?? 'done'}`;
  return `No switchover: ${text || 'the agent did not say why'}`;
}

function answered(printed: string): { accepted?: boolean; text?: string } | undefined {
  try {
    return JSON.parse(printed) as { accepted?: boolean; text?: string };
  } catch {
    return undefined;
  }
}
