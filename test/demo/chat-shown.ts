import type { Message } from './chat.ts';

/** The newest messages, each with a tick and how long it took, or for how long it has waited. */
export function chatShown(messages: readonly Message[], now: number, lines: number): string[] {
  return messages.slice(-lines).map(({ from, number, sentAt, acknowledgedAt }) => {
    const name = `${from} ${String(number).padStart(3)}`;
    if (acknowledgedAt === null) return `  ${name}  …  has waited ${seconds(now - sentAt)}`;
    return `  ${name}  ✓  ${seconds(acknowledgedAt - sentAt)}`;
  });
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 9_950 ? 1 : 0)} s`;
