;;; session.el --- Types into a buffer as a user would, and prints as JSON what Emacs then shows  -*- lexical-binding: t; -*-
(setq make-backup-files nil create-lockfiles nil eglot-sync-connect 120 eglot-connect-timeout 120)
(add-to-list 'load-path (getenv "SEEKLINE_EMACS"))
(require 'seekline)
(setq seekline-command (append (split-string (getenv "SEEKLINE_COMMAND")) '("serve")))
(setq-default eglot-workspace-configuration '(:seekline (:model "embedded")))
(seekline-eglot-setup 'python-mode)

(find-file (getenv "SEEKLINE_FILE"))
(python-mode)
(goto-char (point-max))
(seekline-mode 1)

(defun ask ()
  "Ask as the timer does; the answer may take longer than Eglot's other requests may."
  (let ((jsonrpc-default-request-timeout 0.01))
    (seekline--ask-in (current-buffer))))

(defun connect ()
  (apply #'eglot (append (eglot--guess-contact) '(t))))

(pcase (getenv "SEEKLINE_SCENARIO")
  ("asked_before_the_server_came"
   (setq eglot-sync-connect nil)
   (connect)
   (cl-assert (not (eglot-managed-p)))
   (ask))
  ("asked_after_the_server_came"
   (connect)
   (ask)))

(defun wait-for-ghost-text ()
  "The ghost text once it is there, or nil after two minutes."
  (let ((end (+ (float-time) 120)))
    (while (and (not (seekline-ghost-text)) (< (float-time) end))
      (accept-process-output nil 1))
    (seekline-ghost-text)))

(let* ((ghost (wait-for-ghost-text))
       (shown (overlay-get seekline--overlay 'after-string))
       (before (buffer-string)))
  (seekline-accept)
  (princ (json-encode `((ghost_text . ,ghost)
                        (shown . ,(substring-no-properties shown))
                        (before . ,(substring-no-properties before))
                        (after . ,(substring-no-properties (buffer-string)))
                        (at_end . ,(eobp))
                        (left . ,(and (seekline-ghost-text) t))
                        (encoding . ,(plist-get (eglot--capabilities (eglot-current-server)) :positionEncoding))))))
(set-buffer-modified-p nil)
(eglot-shutdown (eglot-current-server))
