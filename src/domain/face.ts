/** Where a face is, as ratios of the EXIF-oriented image. May leave 0…1 when the face touches the border. */
export interface BoundingBox {
  width: number;
  height: number;
  left: number;
  top: number;
}

/** The API's landmark names. "Left" and "right" are the subject's image side: eyeLeft is on the image's left. */
export const LANDMARK_TYPES = [
  'eyeLeft',
  'eyeRight',
  'nose',
  'mouthLeft',
  'mouthRight',
  'leftEyeBrowLeft',
  'leftEyeBrowRight',
  'leftEyeBrowUp',
  'rightEyeBrowLeft',
  'rightEyeBrowRight',
  'rightEyeBrowUp',
  'leftEyeLeft',
  'leftEyeRight',
  'leftEyeUp',
  'leftEyeDown',
  'rightEyeLeft',
  'rightEyeRight',
  'rightEyeUp',
  'rightEyeDown',
  'noseLeft',
  'noseRight',
  'mouthUp',
  'mouthDown',
  'leftPupil',
  'rightPupil',
  'upperJawlineLeft',
  'midJawlineLeft',
  'chinBottom',
  'midJawlineRight',
  'upperJawlineRight',
] as const;
export type LandmarkType = (typeof LANDMARK_TYPES)[number];

/** A landmark in ratios of the EXIF-oriented image. */
export interface Landmark {
  type: LandmarkType;
  x: number;
  y: number;
}

/** Head rotation in degrees, −180…180: positive roll = clockwise, yaw = towards image right, pitch = up. */
export interface Pose {
  roll: number;
  yaw: number;
  pitch: number;
}

/** A yes/no attribute with the confidence in that answer, 0–100. */
export interface Judgement {
  value: boolean;
  confidence: number;
}

/** The emotions a net can tell; the API's names. It has CONFUSED and UNKNOWN besides, which no net backs. */
export const EMOTION_TYPES = [
  'CALM',
  'HAPPY',
  'SAD',
  'ANGRY',
  'FEAR',
  'DISGUSTED',
  'SURPRISED',
] as const;
export type EmotionType = (typeof EMOTION_TYPES)[number];

/** How a face looks. Confidences 0–100; those of all emotions add up to 100, the likeliest comes first. */
export interface Expression {
  smile: Judgement;
  emotions: { type: EmotionType; confidence: number }[];
}

/** Whose face it may be: the years between which the person looks, and the sex it looks like. */
export interface AgeGender {
  ageRange: { low: number; high: number };
  gender: { value: 'Male' | 'Female'; confidence: number };
}

/** What a vision pipeline tells of a face only when asked, because it takes nets of its own. */
export interface AttributeReadings {
  expression: Expression;
  ageGender: AgeGender;
}
export type AttributeName = keyof AttributeReadings;

/** What the vision pipeline knows about one face in one image, without its identity. */
export interface FaceDetail extends Partial<AttributeReadings> {
  box: BoundingBox;
  /** That this is a face, 0–100. */
  confidence: number;
  /** All 30 landmarks, in the order of LANDMARK_TYPES. */
  landmarks: Landmark[];
  pose: Pose;
  /** 0–100 each, higher is brighter and sharper. */
  quality: { brightness: number; sharpness: number };
  eyesOpen: Judgement;
  mouthOpen: Judgement;
  /** Shorter side of the box in pixels of the oriented original image. */
  sizePx: number;
}

/** Why a face was left out; the API's names. */
export type FaceReason =
  | 'EXCEEDS_MAX_FACES'
  | 'EXTREME_POSE'
  | 'LOW_BRIGHTNESS'
  | 'LOW_SHARPNESS'
  | 'LOW_CONFIDENCE'
  | 'SMALL_BOUNDING_BOX'
  | 'LOW_FACE_QUALITY';

/** How strictly faces are filtered: the API's QualityFilter. */
export type QualityFilter = 'NONE' | 'AUTO' | 'LOW' | 'MEDIUM' | 'HIGH';
