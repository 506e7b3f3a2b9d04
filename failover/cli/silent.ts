/** Three pulses: what is older is worth a word. */
export const SILENT_MS = 2_100;
