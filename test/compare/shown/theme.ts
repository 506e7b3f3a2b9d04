export interface Theme {
  readonly name: 'light' | 'dark';
  readonly background: string;
  readonly text: string;
  readonly faint: string;
  readonly colors: { readonly farol: string; readonly synapse: string };
  readonly answers: string;
  readonly fault: string;
}

/** Told apart by those who see no red and green, too: blue and orange, of like contrast on either ground. */
export const THEMES: readonly Theme[] = [
  {
    name: 'light',
    background: '#ffffff',
    text: '#1f2328',
    faint: '#d1d9e0',
    colors: { farol: '#0969da', synapse: '#bc4c00' },
    answers: '#818b98',
    fault: '#1f2328',
  },
  {
    name: 'dark',
    background: '#0d1117',
    text: '#e6edf3',
    faint: '#30363d',
    colors: { farol: '#58a6ff', synapse: '#f0883e' },
    answers: '#7d8590',
    fault: '#e6edf3',
  },
];
