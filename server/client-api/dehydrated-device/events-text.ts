interface Message {
  readonly position: number;
  readonly json: string;
}

/** JSON. `atEnd` is told as `next_batch` where there are no more events. */
export function eventsText(mail: readonly Message[], atEnd: string | undefined): string {
  const last = mail.at(-1);
  const next = last ? String(last.position) : atEnd;
  const told = next === undefined ? '' : `,"next_batch":${JSON.stringify(next)}`;
  return `{"events":[${mail.map(({ json }) => json).join()}]${told}}`;
}
