//! Every driver of the journal, held to the same promises.

mod accepting;
mod actions;
mod activity;
mod attempts;
mod audit;
mod away;
mod beside;
mod commits;
mod conversation_index;
mod conversations;
mod copying;
mod disk;
mod expected;
mod expiry;
mod file;
mod groups;
mod interrupted;
mod jobs;
mod lasting;
mod leasing;
mod listing;
mod load;
mod model;
mod moving;
mod operating;
mod pauses;
mod pending_reasons;
mod place;
mod plans;
mod remembered;
mod scheduled;
mod searching;
mod shared;
mod shared_conversations;
mod steps;
mod support;
mod takeover;
mod time;
mod tls;
mod upgrading;

/// Runs every test of the suite for each driver.
macro_rules! suite {
    ($($driver:ident),+: $tests:tt) => {
        $(mod $driver {
            suite!(@tests $driver $tests);

            #[test]
            fn it_does_what_its_model_does() {
                super::model::check(super::support::Bench::$driver);
            }
        })+
    };
    (@tests $driver:ident { $($file:ident: $($test:ident),+;)+ }) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let Some(bench) = super::support::Bench::$driver().await else { return };
                super::$file::$test(&bench).await;
                bench.close().await;
            }
        )+)+
    };
}

suite! { memory, sqlite, postgres, serializable: {
    accepting:
        an_entry_is_new_once_and_a_duplicate_ever_after,
        the_same_key_in_the_other_queue_is_another_entry,
        what_is_leased_is_what_was_appended,
        answers_come_in_the_order_of_the_entries,
        a_finished_entry_is_known_for_the_window_and_no_longer,
        a_full_inbox_refuses_and_changes_nothing,
        a_full_inbox_takes_entries_again_once_one_is_done,
        a_full_outbox_stops_leases_of_the_inbox_until_it_has_room;
    leasing:
        a_conversation_is_leased_one_entry_at_a_time_and_in_order,
        conversations_are_leased_side_by_side_oldest_first,
        the_queues_do_not_wait_for_each_other,
        a_postponed_entry_holds_up_its_conversation_and_no_other,
        what_was_postponed_keeps_its_reason_and_due_time,
        what_is_released_is_due_again_and_its_attempt_is_not_counted,
        an_expired_lease_goes_to_somebody_else_and_the_late_one_changes_nothing,
        a_lease_that_is_over_counts_until_somebody_else_has_one,
        no_step_of_the_clock_delays_or_hurries_what_is_pending,
        a_day_later_no_entry_and_no_fence_is_lost,
        finishing_and_its_follow_ups_are_one_step,
        a_buried_entry_frees_its_conversation,
        changes_move_when_there_is_something_to_lease;
    conversations:
        a_state_comes_with_the_lease_after_the_finish_that_put_it,
        each_conversation_has_a_state_of_its_own_and_a_reply_none,
        only_a_finish_changes_the_state,
        a_late_holder_changes_neither_state_nor_schedule,
        a_finish_after_an_operators_change_changes_nothing_and_is_done_again,
        an_operator_changes_only_what_they_have_seen,
        what_an_operator_says_follows_at_once_and_is_in_nobodys_way,
        states_are_listed_by_conversation_dialogue_and_page;
    expiry:
        an_expired_state_is_announced_once,
        an_operators_state_expires_as_well,
        a_message_that_was_accepted_in_time_is_not_late,
        a_state_that_was_renewed_in_time_is_not_announced,
        what_was_announced_may_have_changed_before_its_turn,
        states_and_entries_come_in_the_order_of_their_time;
    scheduled:
        entries_come_when_they_are_due_and_once,
        a_lease_of_the_inbox_brings_those_of_the_outbox,
        an_entry_waits_in_nobodys_way_and_then_for_its_turn,
        those_of_the_same_moment_come_in_the_order_in_which_they_were_scheduled,
        a_bound_one_is_dropped_once_its_state_has_changed,
        a_bound_one_comes_while_its_state_is_kept,
        an_entry_that_is_known_already_is_left_out,
        a_thousand_that_are_due_at_once_all_come,
        a_full_inbox_delays_what_is_due_in_it_and_loses_none;
    lasting:
        no_step_of_the_clock_delays_or_hurries_what_is_due_later,
        a_state_that_never_expires_is_in_no_clocks_way;
    operating:
        a_dead_letter_from_the_start_is_kept_with_its_reason,
        a_revived_entry_is_due_again_before_the_later_ones,
        a_revived_entry_waits_for_the_lease_of_a_later_one,
        only_a_dead_letter_can_be_revived,
        a_discarded_entry_is_done_and_its_holder_has_lost_it,
        the_next_one_of_a_discarded_entry_in_work_waits_until_its_lease_is_over,
        the_next_one_of_a_discarded_entry_that_waited_is_due_at_once,
        a_list_is_newest_first_and_filtered,
        a_purge_removes_what_was_kept_long_enough_and_nothing_else,
        no_step_of_the_clock_removes_or_dates_anew_what_is_settled,
        accepted_is_done_and_dead_and_pending;
    listing:
        every_filter_admits_what_it_says_and_nothing_else,
        filters_are_combined_and_pages_are_turned_either_way,
        entries_are_found_by_their_keys;
    jobs:
        a_job_revives_its_entries_step_by_step,
        a_step_that_is_repeated_changes_nothing,
        of_several_that_do_a_step_at_once_one_does_it,
        what_has_changed_since_it_was_seen_is_skipped,
        one_job_runs_at_a_time_and_a_repeated_request_adds_no_second,
        a_cancelled_job_goes_no_further,
        the_newest_jobs_are_kept,
        a_job_discards_what_is_pending_in_work_and_dead;
    audit:
        the_audit_list_is_newest_first_filtered_and_paged,
        whatever_stands_in_an_audit_record_is_kept_as_it_is,
        an_operator_beside_the_server_adds_to_the_same_list;
    pauses:
        an_account_is_paused_until_it_is_resumed,
        whatever_an_account_is_called_it_alone_is_paused,
        an_operator_beside_the_server_pauses_for_it;
    activity:
        activity_is_oldest_first_and_a_span_is_there_once;
    attempts:
        a_failed_attempt_is_kept_with_its_time_reason_and_replica,
        what_is_released_finished_or_lost_keeps_no_attempt,
        the_newest_ten_attempts_are_kept,
        attempts_outlive_a_revive_and_a_discard,
        attempts_go_with_their_entries,
        no_step_of_the_clock_changes_an_attempt,
        an_ending_is_kept_with_its_entry,
        the_step_of_a_state_is_kept_with_the_entry_that_made_it;
    searching:
        a_search_page_by_page_finds_each_entry_once,
        a_search_that_has_looked_at_enough_says_so_and_goes_on,
        times_are_found_though_the_clock_was_set_back,
        hostile_texts_stand_for_nothing_but_themselves,
        conversations_come_by_their_newest_entries_and_each_once,
        each_conversation_has_its_newest_entry;
    groups:
        dead_letters_are_grouped_by_queue_and_pattern_of_the_reason,
        an_entry_leaves_its_group_when_it_is_dead_no_more;
    pending_reasons:
        a_server_says_why_an_entry_is_pending,
        the_next_entry_of_a_discarded_one_is_blocked_until_its_lease_is_over,
        an_operator_beside_the_server_says_what_the_store_knows;
    load:
        of_64_identical_appends_at_once_exactly_one_is_new,
        under_a_random_load_nothing_is_lost_doubled_or_reordered;
} }
