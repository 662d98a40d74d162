/** A number as it was written in the request: amounts must never pass through a float. Whole numbers stay plain numbers. */
export class JsonNumber {
  readonly literal: string;
  constructor(literal: string) {
    this.literal = literal;
  }
  /** Free-form data keeps the digits it came with when it is stored. */
  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(this.literal);
  }
}
