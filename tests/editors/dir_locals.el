;;; dir_locals.el --- Opens a file of a repository that brings settings, and prints what the server makes of them  -*- lexical-binding: t; -*-
(setq make-backup-files nil create-lockfiles nil eglot-sync-connect 30)
(add-to-list 'load-path (getenv "SEEKLINE_EMACS"))
(require 'seekline)
(setq seekline-command (append (split-string (getenv "SEEKLINE_COMMAND")) '("serve")))
(seekline-eglot-setup 'python-mode)

(defvar shown nil "The messages that the user was shown, the latest first.")
(advice-add 'eglot-handle-notification :before
            (lambda (_server method &rest params)
              (when (eq method 'window/showMessage)
                (push (plist-get params :message) shown))))

(find-file (getenv "SEEKLINE_FILE"))
(python-mode)
(apply #'eglot (append (eglot--guess-contact) '(t)))

(defun status ()
  "What the server says of its model."
  (jsonrpc-request (eglot-current-server) :workspace/executeCommand '(:command "seekline.status" :arguments [])))

(defun told ()
  "Whether the user was told how to trust the model: after the state is known, by a message of its own."
  (seq-some (lambda (message) (string-search "seekline models trust" message)) shown))

(let ((end (+ (float-time) 120)) (now (status)))
  (while (and (not (and (equal (plist-get now :state) "failed") (told)))
              (not (equal (plist-get now :state) "ready"))
              (< (float-time) end))
    (accept-process-output nil 0.1)
    (setq now (status)))
  (princ (json-encode `((state . ,(plist-get now :state))
                        (reason . ,(plist-get now :reason))
                        (applied . ,(and eglot-workspace-configuration t))
                        (shown . ,(vconcat shown))))))
(eglot-shutdown (eglot-current-server))
