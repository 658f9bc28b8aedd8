//! What a view shows that is not of the run: found out before it is drawn.

use super::super::{AmongOthers, Carriers, CurvePair, Honesty, Recall, RecallAsked, Report};
use super::SeenMoment;
use crate::analysis::atlas::{Atlas, Role};
use crate::analysis::timeline::Timeline;
use crate::model::HeadId;
use crate::trace::Trace;
use std::sync::Arc;

/// What was found out before.
#[derive(Clone, Debug, Default)]
pub enum Beside {
    /// Nothing.
    #[default]
    None,
    /// A second run, with a number that tells it from others.
    Second(u64, Trace),
    /// An atlas of heads.
    Atlas(Arc<Atlas>),
    /// How far back can be asked.
    Recall(Recall),
    /// Recall among facts about others.
    Others(RecallAsked, Vec<AmongOthers>),
    /// Which heads carry recall.
    Carriers(RecallAsked, Arc<Carriers>),
    /// Loss on random tokens that are read twice.
    Twice(Arc<CurvePair>),
    /// What cutting each source costs.
    Honesty(Box<Honesty>),
    /// What was reported of a training, and the step that is looked at.
    Training(Arc<Vec<Report>>, Option<u64>),
    /// A moment of a training.
    Moment(Arc<SeenMoment>),
    /// The checkpoints of a training, the roles whose curves are drawn, and the heads; none: the best ones.
    Timeline(Arc<Timeline>, Vec<&'static Role>, Vec<HeadId>),
}

/// Runs and atlases are told apart, not compared number by number.
impl PartialEq for Beside {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Second(own, _), Self::Second(other, _)) => own == other,
            (Self::Atlas(own), Self::Atlas(other)) => Arc::ptr_eq(own, other),
            (Self::Recall(own), Self::Recall(other)) => own == other,
            (Self::Others(own, found), Self::Others(other, theirs)) => own == other && found == theirs,
            (Self::Carriers(own, found), Self::Carriers(other, theirs)) => own == other && found == theirs,
            (Self::Twice(own), Self::Twice(other)) => own == other,
            // The asked token's drop is no number
            (Self::Honesty(own), Self::Honesty(other)) => {
                (own.token, own.layer, own.answer, own.paths)
                    == (other.token, other.layer, other.answer, other.paths)
            }
            (Self::Training(own, at), Self::Training(other, there)) => {
                let end = |reports: &[Report]| reports.last().map(|report| report.steps);
                at == there && own.len() == other.len() && end(own) == end(other)
            }
            (Self::Moment(own), Self::Moment(other)) => own == other,
            (Self::Timeline(own, roles, heads), Self::Timeline(other, their_roles, their_heads)) => {
                let ids = |roles: &[&Role]| roles.iter().map(|role| role.id).collect::<Vec<_>>();
                own == other && ids(roles) == ids(their_roles) && heads == their_heads
            }
            _ => false,
        }
    }
}
