/** A text that was laid out to be found again where it must not be. */
export interface Canary {
  /** Whose it is, for the report: 'stripe: webhookSecret'. Never the text itself. */
  what: string;
  text: string;
}

/** Something the hub wrote or said. */
export interface Trace {
  /** 'the log of the worker' */
  where: string;
  text: string;
}

/**
 * Where canaries are in what was written: as they are, in any case, and as they look after the encodings through which a text slips past a reader:
 * base64 at each of its three alignments, hex, percent-encoding, escapes of JSON. Answers one line for each canary, form and place.
 */
export const scan = (canaries: readonly Canary[], traces: readonly Trace[]): string[] => {
  const looked = canaries.map(({ what, text }) => ({ what, forms: formsOf(text) }));
  return traces.flatMap(({ where, text }) => {
    const folded = text.toLowerCase();
    return looked.flatMap(({ what, forms }) =>
      forms
        .filter(({ exact, form }) => (exact ? text : folded).includes(form))
        .slice(0, 1)
        .map(({ as, form, exact }) => {
          const at = (exact ? text : folded).indexOf(form);
          const around =
            text.slice(Math.max(0, at - 120), at) + '<HERE>' + text.slice(at + form.length, at + form.length + 60);
          return `${what}, ${as}, in ${where}: …${around}…`;
        }),
    );
  });
};

interface Form {
  as: string;
  form: string;
  /** Compared in its own case: base64 means something else in another one. */
  exact?: true;
}

const formsOf = (text: string): Form[] => {
  const folded = text.toLowerCase();
  const plain: Form = { as: 'as it is', form: folded };
  const others: Form[] = [
    { as: 'in an URL', form: encodeURIComponent(text).toLowerCase() },
    { as: 'in JSON', form: JSON.stringify(text).slice(1, -1).toLowerCase() },
    { as: 'in JSON twice', form: JSON.stringify(JSON.stringify(text)).slice(3, -3).toLowerCase() },
    { as: 'as hex', form: Buffer.from(text).toString('hex') },
    ...[0, 1, 2].flatMap((shift) => base64Of(text, shift)),
  ];
  return [plain, ...others.filter(({ form, exact }) => exact || form !== folded)];
};

/** What every base64 of a longer text that holds `text` `shift` bytes into a group shares: the characters made of its bytes alone. */
const base64Of = (text: string, shift: number): Form[] => {
  const bytes = Buffer.from(text);
  const skipped = shift === 0 ? 0 : 3 - shift;
  const whole = bytes.subarray(skipped, skipped + Math.floor((bytes.length - skipped) / 3) * 3);
  if (whole.length < 6) return [];
  return (['base64', 'base64url'] as const).map((kind) => ({ as: kind, form: whole.toString(kind), exact: true }));
};
