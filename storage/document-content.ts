import { pdfFault } from './pdf-content.ts';

/** What a file really is, by its bytes; whatever its name or its sender says. */
export type DocumentContent = 'image/jpeg' | 'image/png' | 'application/pdf';
export type PhotoContent = 'image/jpeg' | 'image/png' | 'image/gif';

/** Unpacked, a picture of more pixels would fill the memory of whoever opens it. */
const MOST_PIXELS = 100_000_000;

export type Checked<Type = DocumentContent> = { type: Type; bytes: Buffer } | { wrong: string };

/**
 * The type of a document that may be kept and what of it is kept, or why it may not. A picture must be well formed from its first byte to its last:
 * what hangs on behind (an archive, a page) is how a file is two things at once. Phones hang things behind photos, so there it is cut off.
 */
export const contentOf = (bytes: Buffer): Checked => {
  if (bytes.length === 0) return { wrong: 'The file is empty.' };
  const taken = jpegOrPng(bytes);
  if (taken) return taken;
  if (bytes.subarray(0, 5).toString('latin1') === '%PDF-') {
    const wrong = pdfFault(bytes);
    return wrong === null ? { type: 'application/pdf', bytes } : { wrong };
  }
  return { wrong: 'Only JPEG and PNG pictures and PDF files are taken.' };
};

/** The same for a picture that a client shows of himself. */
export const photoOf = (bytes: Buffer): Checked<PhotoContent> => {
  if (bytes.length === 0) return { wrong: 'The file is empty.' };
  const taken = jpegOrPng(bytes);
  if (taken) return taken;
  if (/^GIF8[79]a/.test(bytes.toString('latin1', 0, 6))) return picture('image/gif', gifPixels(bytes), bytes);
  return { wrong: 'Only JPEG, PNG and GIF pictures are taken.' };
};

const jpegOrPng = (bytes: Buffer): Checked<'image/jpeg' | 'image/png'> | null => {
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) {
    const jpeg = readJpeg(bytes);
    return picture('image/jpeg', jpeg?.pixels ?? null, bytes.subarray(0, jpeg?.end));
  }
  return bytes.subarray(0, 8).equals(PNG) ? picture('image/png', pngPixels(bytes), bytes) : null;
};

const picture = <Type>(type: Type, pixels: number | null, bytes: Buffer): Checked<Type> => {
  if (pixels === null) return { wrong: 'The picture is damaged.' };
  return pixels > MOST_PIXELS ? { wrong: 'The picture has too many pixels.' } : { type, bytes };
};

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Null unless the chunks lead from IHDR to IEND and there the file ends. */
const pngPixels = (bytes: Buffer): number | null => {
  let pixels: number | null = null;
  for (let at = PNG.length; at + 12 <= bytes.length;) {
    const [length, type] = [bytes.readUInt32BE(at), bytes.toString('latin1', at + 4, at + 8)];
    const end = at + 12 + length;
    if (end > bytes.length || (pixels === null) !== (type === 'IHDR')) return null;
    if (type === 'IHDR') {
      if (length !== 13) return null;
      pixels = bytes.readUInt32BE(at + 8) * bytes.readUInt32BE(at + 12);
    }
    if (type === 'IEND') return end === bytes.length && pixels! > 0 ? pixels : null;
    at = end;
  }
  return null;
};

/** Null unless the blocks lead through at least one picture to the trailer, and there the file ends. */
const gifPixels = (bytes: Buffer): number | null => {
  if (bytes.length < 14) return null;
  const pixels = bytes.readUInt16LE(6) * bytes.readUInt16LE(8);
  const tableBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let [at, pictures] = [13 + tableBytes(bytes[10]!), 0];
  while (at < bytes.length) {
    const block = bytes[at];
    if (block === 0x3b) return at + 1 === bytes.length && pictures > 0 && pixels > 0 ? pixels : null;
    if (block === 0x21) at += 2;
    else if (block === 0x2c && at + 10 < bytes.length) {
      at += 11 + tableBytes(bytes[at + 9]!); // its descriptor, its colours, the size of its codes
      pictures += 1;
    } else return null;
    while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at]!;
    at += 1;
  }
  return null;
};

/** Segments that say how large the picture is: SOF0 to SOF15 without DHT, JPG and DAC. */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

interface Jpeg {
  pixels: number;
  /** Where it ends. */
  end: number;
}

/** Null unless segments lead through at least one scan to the end mark. */
const readJpeg = (bytes: Buffer): Jpeg | null => {
  let [pixels, scanned] = [0, false];
  for (let at = 2; at + 2 <= bytes.length;) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff) return null;
    if (marker === 0xd9) return scanned && pixels > 0 ? { pixels, end: at + 2 } : null;
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    if (at + 4 > bytes.length) return null;
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2 || at + 2 + length > bytes.length) return null;
    if (isFrame(marker)) {
      if (length < 8) return null;
      pixels = bytes.readUInt16BE(at + 5) * bytes.readUInt16BE(at + 7);
    }
    at += 2 + length;
    if (marker !== 0xda) continue;
    scanned = true;
    // Inside a scan FF is followed by 00, or by a restart mark.
    while (at + 1 < bytes.length && (bytes[at] !== 0xff || isInScan(bytes[at + 1]!))) at += 1;
  }
  return null;
};

const isInScan = (after: number): boolean => after === 0 || (after >= 0xd0 && after <= 0xd7);
