/** Markup that we wrote: whatever else stood in a hole of it is text. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Hole = Html | string | readonly Html[];

export const html = (parts: TemplateStringsArray, ...holes: readonly Hole[]): Html =>
  new Html(String.raw({ raw: parts }, ...holes.map(markupOf)));

function markupOf(hole: Hole): string {
  if (typeof hole === 'string') return escaped(hole);
  return hole instanceof Html ? hole.text : hole.map(({ text }) => text).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => ESCAPES[letter]!);
