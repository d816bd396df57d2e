import type {
  AgeGender,
  AttributeName,
  BoundingBox,
  Expression,
  FaceDetail,
  Judgement,
} from '../domain/face.js';
import type { Face } from '../store/store.js';

/** The API's spelling of what we know about faces. */

export const toBoundingBox = ({ width, height, left, top }: BoundingBox) => ({
  Width: width,
  Height: height,
  Left: left,
  Top: top,
});

/** The five landmarks of the DEFAULT attribute set. */
const DEFAULT_LANDMARKS = new Set(['eyeLeft', 'eyeRight', 'mouthLeft', 'mouthRight', 'nose']);

const toLandmarks = ({ landmarks }: FaceDetail, all: boolean) =>
  landmarks
    .filter(({ type }) => all || DEFAULT_LANDMARKS.has(type))
    .map(({ type, x, y }) => ({ Type: type, X: x, Y: y }));

const toPose = ({ pose: { roll, yaw, pitch } }: FaceDetail) => ({
  Roll: roll,
  Yaw: yaw,
  Pitch: pitch,
});

const toQuality = ({ quality: { brightness, sharpness } }: FaceDetail) => ({
  Brightness: brightness,
  Sharpness: sharpness,
});

/** Which of the readings that take a net of their own an attribute of the API needs. */
const READING_OF: Readonly<Record<string, readonly AttributeName[]>> = {
  ALL: ['expression', 'ageGender'],
  AGE_RANGE: ['ageGender'],
  GENDER: ['ageGender'],
  SMILE: ['expression'],
  EMOTIONS: ['expression'],
};

/** What the vision part has to read for these attributes. */
export const readingsFor = (attributes: readonly string[] = []): AttributeName[] => [
  ...new Set(attributes.flatMap((attribute) => READING_OF[attribute] ?? [])),
];

const toJudgement = ({ value, confidence }: Judgement) => ({
  Value: value,
  Confidence: confidence,
});

/**
 * A FaceDetail with the asked attributes; the DEFAULT ones are always there. Attributes that no model
 * backs are left out, never invented.
 */
export function toFaceDetail(face: FaceDetail, attributes: readonly string[] = []) {
  const all = attributes.includes('ALL');
  const asked = (attribute: string): boolean => all || attributes.includes(attribute);
  const { eyesOpen, mouthOpen, expression, ageGender } = face;
  return {
    BoundingBox: toBoundingBox(face.box),
    ...(ageGender && asked('AGE_RANGE') && { AgeRange: toAgeRange(ageGender) }),
    ...(expression && asked('SMILE') && { Smile: toJudgement(expression.smile) }),
    ...(ageGender && asked('GENDER') && { Gender: toGender(ageGender) }),
    ...(asked('EYES_OPEN') && { EyesOpen: toJudgement(eyesOpen) }),
    ...(asked('MOUTH_OPEN') && { MouthOpen: toJudgement(mouthOpen) }),
    ...(expression && asked('EMOTIONS') && { Emotions: toEmotions(expression) }),
    Landmarks: toLandmarks(face, all),
    Pose: toPose(face),
    Quality: toQuality(face),
    Confidence: face.confidence,
  };
}

const toAgeRange = ({ ageRange: { low, high } }: AgeGender) => ({ Low: low, High: high });

const toGender = ({ gender: { value, confidence } }: AgeGender) => ({
  Value: value,
  Confidence: confidence,
});

const toEmotions = ({ emotions }: Expression) =>
  emotions.map(({ type, confidence }) => ({ Type: type, Confidence: confidence }));

/** The narrower detail CompareFaces gives. */
export const toComparedFace = (face: FaceDetail) => ({
  BoundingBox: toBoundingBox(face.box),
  Confidence: face.confidence,
  Landmarks: toLandmarks(face, false),
  Pose: toPose(face),
  Quality: toQuality(face),
});

/** A stored face as lists and searches show it. */
export const toFace = (face: Face, faceModelVersion: string) => ({
  FaceId: face.faceId,
  BoundingBox: toBoundingBox(face.box),
  ImageId: face.imageId,
  ...(face.externalImageId !== undefined && { ExternalImageId: face.externalImageId }),
  Confidence: face.confidence,
  IndexFacesModelVersion: faceModelVersion,
  ...(face.userId !== undefined && { UserId: face.userId }),
});
