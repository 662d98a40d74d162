import { constants, inflateRawSync } from 'node:zlib';

/**
 * What makes a PDF do something when it is opened, carry another file, or reach for one: `GoToR` may name a file at somebody's server, to which Windows signs
 * in. Programs are found by the kinds of actions that run them: `/JS`, which stands in those, comes up by chance in every fifth scan of five megabytes.
 */
const ACTIVE = [
  ...['JavaScript', 'Rendition', 'Launch', 'RichMedia', 'EmbeddedFile', 'EmbeddedFiles', 'FileAttachment'],
  ...['SubmitForm', 'ImportData', 'GoToR', 'GoToE'],
];

/** Names as they may be written: any character by its number, too, `/J#53` for `/JS`. */
const named = (names: readonly string[], then = '\\b'): RegExp => {
  const number = (one: string): string => one.charCodeAt(0).toString(16);
  const either = (one: string): string => `(?:${one}|#${number(one)}|#${number(one).toUpperCase()})`;
  return new RegExp(`/(?:${names.map((name) => Array.from(name, either).join('')).join('|')})${then}`, 'u');
};
const NAMES_ACTIVE = named(ACTIVE);
/** A form with programs of its own, packed where nobody looks. So short a name counts with what must follow it: an array, or the number of a stream. */
const NAMES_FORM = named(['XFA'], '(?=[\\s\\0]*[[\\d%])');
const NAMES_PACKED = named(['ObjStm']);

/** All objects of an honest document that are packed; a bomb is more. */
const MOST_UNPACKED = 32 * 1024 * 1024;
/** Of each stream: hundreds of thousands of empty ones would take their time, too. */
const LEAST_COUNTED = 4096;

/**
 * What is wrong with a PDF, or null. Looked through is what stands there as it is and, since most programs write so today, what they pack in object streams
 * (ISO 32000, 7.5.7). What is encrypted, or packed in a way that hardly any program uses, is not looked into.
 */
export const pdfFault = (bytes: Buffer): string | null => {
  if (!bytes.subarray(-1024).toString('latin1').includes('%%EOF')) return 'The PDF file is damaged.';
  const written = bytes.toString('latin1');
  const unpacked = unpackObjects(bytes, written);
  if (unpacked === null) return 'The PDF file has too many objects.';
  return [written, ...unpacked].some((text) => NAMES_ACTIVE.test(text) || NAMES_FORM.test(text))
    ? 'The PDF file carries a program or another file. Print it into a new PDF file and send that.'
    : null;
};

/** What lies in its object streams, up to one that cannot be unpacked; null when it is too much. */
const unpackObjects = (bytes: Buffer, written: string): string[] | null => {
  const unpacked: string[] = [];
  let [from, left] = [0, MOST_UNPACKED];
  for (const { index, 0: word } of written.matchAll(/(?<!end)stream\r?\n/g)) {
    const dictionary = written.slice(from, index);
    from = index + word.length;
    if (!NAMES_PACKED.test(dictionary)) continue;
    const objects = unpack(bytes.subarray(from), left);
    if (objects === 'too much') return null;
    if (objects === 'unreadable') break;
    left -= Math.max(objects.length, LEAST_COUNTED);
    if (left <= 0) return null;
    unpacked.push(objects.toString('latin1'));
  }
  return unpacked;
};

/** Without its two bytes of header and its checksum, on which readers do not insist either. Ends where it ends, whatever comes behind. */
const unpack = (packed: Buffer, most: number): Buffer | 'too much' | 'unreadable' => {
  try {
    return inflateRawSync(packed.subarray(2), { maxOutputLength: most, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'too much' : 'unreadable';
  }
};
